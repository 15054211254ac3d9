#pragma once

#include <cstdint>
#include <string>

namespace directclr::settings {

/// What `--stem auto` came to.
struct StemChoice {
  std::string stem;  ///< "imagenet", "small" or "cifar"
  std::string why;   ///< "cifar (3x3, stride 1, no pool), since views are 32 pixels wide, at most 64"
};

/// What a stem is made of: "3x3, stride 1, no pool". Requires one of the three names.
std::string stem_layers(const std::string& stem);

/// The stem of a network that has no weights yet: cifar for views of at most 64 pixels, imagenet for larger ones.
StemChoice automatic_stem(int64_t image_size);

/// The stem of weights whose first convolution is `kernel` pixels wide: imagenet for 7; for 3, whose weights do not say
/// the stride, cifar for views of at most 64 pixels and small for larger ones. Throws InputError(`where`) for others.
StemChoice stem_of_kernel(int64_t kernel, int64_t image_size, const std::string& where);

}  // namespace directclr::settings
