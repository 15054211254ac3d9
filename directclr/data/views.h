#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "directclr/data/augment_settings.h"
#include "directclr/image/image.h"
#include "directclr/image/kernels.h"

namespace directclr::data {

/// Everything random about one view of one image. Drawn first, applied second: tests inject it, tools print it.
struct ViewParams {
  image::Box crop;
  int size = 0;  // side of the view in pixels
  bool flip = false;
  bool jitter = false;
  std::array<uint8_t, 4> order{};  // 0 brightness, 1 contrast, 2 saturation, 3 hue; first to last
  float brightness = 1;
  float contrast = 1;
  float saturation = 1;
  double hue = 0;  // turns
  bool grayscale = false;
  double blur_sigma = 0;  // 0: no blur
  bool solarize = false;
};

/// Draws a view's parameters: a pure function of its arguments, so a view never depends on workers, batches or ranks.
/// `sample` is the image's index in its data set, width and height the decoded image's; view 0 is a, 1 is b, and the
/// local views follow, 2 .. settings.views() - 1. The crop follows torchvision's RandomResizedCrop.get_params (ten
/// tries, then a central crop).
ViewParams sample_view(const AugmentSettings& settings, uint64_t seed, uint32_t epoch, uint64_t sample, uint8_t view,
                       int width, int height);

/// Random resized crop and flip alone: the training transform of the paper's linear probe.
ViewParams sample_crop_and_flip(const AugmentSettings& settings, uint64_t seed, uint32_t epoch, uint64_t sample,
                                int width, int height);

/// A step of render_view.
enum class ViewStep { kResize, kFlip, kJitter, kGrayscale, kBlur, kSolarize };

/// Crop, resize, flip, jitter, grayscale, blur, solarize, in that order, bytes as Pillow and torchvision give them.
/// Requires: params.crop inside the image. `out` is resized to (params.size, params.size) and its memory reused.
/// `after`, if given, is called when each of the view's steps is done (for measurements).
void render_view(const image::Image& image, const ViewParams& params, const AugmentSettings& settings,
                 image::Planes& out, const std::function<void(ViewStep)>& after = {});

/// The short side to which the evaluation view resizes before its centre crop of `image_size`, pixels.
int eval_short_side(const AugmentSettings& s);

/// The evaluation view: short side resized (bilinear), centre crop, as torchvision's Resize and CenterCrop.
void render_eval_view(const image::Image& image, const AugmentSettings& settings, image::Planes& out);

/// What a view's pixels are written as, channels interleaved: (height, width, 3).
enum class PixelFormat {
  kFloat32,   ///< normalised
  kBFloat16,  ///< normalised, then rounded to the nearest, ties to even
  kBytes,     ///< as they are, to be normalised elsewhere
};
/// Bytes of one number.
size_t size_of(PixelFormat format);

/// Byte values to normalised numbers: ToTensor and Normalize as one table, bit-equal to the three float32 roundings.
/// Where the processor has vectors for it float32 is computed, once it is seen that for all bytes it gives the table.
class NormalizeTable {
 public:
  explicit NormalizeTable(const ChannelStatistics& normalization);

  /// Writes planes as interleaved pixels: out (height, width, 3) numbers of the format.
  void write(const image::Planes& planes, PixelFormat format, void* out) const;

 private:
  std::array<std::array<float, 256>, 3> floats_;
  std::array<std::array<uint16_t, 256>, 3> bfloats_;  // the upper halves of floats
  image::Normalization normalization_;
  bool computed_ = false;
};

}  // namespace directclr::data
