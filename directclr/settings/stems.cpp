#include "directclr/settings/stems.h"

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::settings {
namespace {

constexpr int64_t kLargestSmallView = 64;

std::string of_views(int64_t image_size) {
  return format("views are %lld pixels wide, %s %lld", static_cast<long long>(image_size),
                image_size <= kLargestSmallView ? "at most" : "more than", static_cast<long long>(kLargestSmallView));
}

std::string named(const std::string& stem) { return stem + " (" + stem_layers(stem) + ")"; }

}  // namespace

std::string stem_layers(const std::string& stem) {
  return stem == "imagenet" ? "7x7, stride 2, pool"
         : stem == "small"  ? "3x3, stride 2, pool"
                            : "3x3, stride 1, no pool";
}

StemChoice automatic_stem(int64_t image_size) {
  const std::string stem = image_size <= kLargestSmallView ? "cifar" : "imagenet";
  return {stem, named(stem) + ", since " + of_views(image_size)};
}

StemChoice stem_of_kernel(int64_t kernel, int64_t image_size, const std::string& where) {
  if (kernel == 7) return {"imagenet", named("imagenet") + ", since the weights' first convolution is 7x7"};
  if (kernel != 3) {
    throw InputError(where, format("the first convolution is %lld pixels wide", static_cast<long long>(kernel)),
                     "weights of another architecture? Stems have 7 or 3");
  }
  const bool tiny = image_size <= kLargestSmallView;
  return {tiny ? "cifar" : "small", named(tiny ? "cifar" : "small") +
                                        ", since the weights' first convolution is 3x3 and " + of_views(image_size) +
                                        "; the same weights go with " + named(tiny ? "small" : "cifar") + ", --stem " +
                                        (tiny ? "small" : "cifar") + ", and give other features"};
}

}  // namespace directclr::settings
