#include "directclr/data/views.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "directclr/core/error.h"
#include "directclr/core/philox.h"
#include "directclr/data/portable_math.h"
#include "directclr/image/blur.h"
#include "directclr/image/color.h"
#include "directclr/image/kernels.h"
#include "directclr/image/resize.h"

namespace directclr::data {
namespace {

// The number of the probe's crops among an image's streams: they are not the training views'.
constexpr uint8_t kProbeView = 2;

struct ScaleRange {
  double min, max;  // of the crop's area in the image's
};

image::Box sample_crop(const AugmentSettings& s, ScaleRange scale, RandomStream random, int width, int height) {
  const double area = static_cast<double>(width) * height;
  const double log_min = portable_log(s.crop_ratio_min);
  const double log_max = portable_log(s.crop_ratio_max);
  for (int attempt = 0; attempt < 10; ++attempt) {
    // Four words a try, always, so that a try's numbers do not hang on how the earlier ones went.
    const double target = area * random.uniform(scale.min, scale.max);
    const double ratio = portable_exp(random.uniform(log_min, log_max));
    const uint32_t top = random.bits();
    const uint32_t left = random.bits();
    const int w = static_cast<int>(std::nearbyint(std::sqrt(target * ratio)));
    const int h = static_cast<int>(std::nearbyint(std::sqrt(target / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const auto place = [](uint32_t bits, int free) {
      return static_cast<int>((uint64_t{bits} * static_cast<uint64_t>(free + 1)) >> 32);
    };
    return {place(left, width - w), place(top, height - h), w, h};
  }
  int w = width;
  int h = height;
  const double ratio = static_cast<double>(width) / height;
  if (ratio < s.crop_ratio_min) {
    h = static_cast<int>(std::nearbyint(w / s.crop_ratio_min));
  } else if (ratio > s.crop_ratio_max) {
    w = static_cast<int>(std::nearbyint(h * s.crop_ratio_max));
  }
  w = std::clamp(w, 1, width);
  h = std::clamp(h, 1, height);
  return {(width - w) / 2, (height - h) / 2, w, h};
}

void flip_rows(image::Planes& planes) {
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < planes.height; ++y) {
      image::kernels().reverse(planes.plane(c) + static_cast<ptrdiff_t>(y) * planes.width,
                               static_cast<size_t>(planes.width));
    }
  }
}

void apply_jitter(const ViewParams& p, const AugmentSettings& s, image::Planes& planes) {
  for (const uint8_t operation : p.order) {
    // As in torchvision, an operation whose strength is 0 is left out (hue 0 would still round).
    switch (operation) {
      case 0:
        if (s.jitter_brightness > 0) image::adjust_brightness(planes, p.brightness);
        break;
      case 1:
        if (s.jitter_contrast > 0) image::adjust_contrast(planes, p.contrast);
        break;
      case 2:
        if (s.jitter_saturation > 0) image::adjust_saturation(planes, p.saturation);
        break;
      default:
        if (s.jitter_hue > 0) image::adjust_hue(planes, p.hue);
    }
  }
}

image::Normalization to_float(const ChannelStatistics& n) {
  const auto mean = [&](size_t c) { return static_cast<float>(n.mean[c]); };
  const auto std = [&](size_t c) { return image::Divisor(static_cast<float>(n.std[c])); };
  return {.mean = {mean(0), mean(1), mean(2)}, .std = {std(0), std(1), std(2)}};
}

}  // namespace

ViewParams sample_view(const AugmentSettings& s, uint64_t seed, uint32_t epoch, uint64_t sample, uint8_t view,
                       int width, int height) {
  const bool small = view >= 2, like_a = view % 2 == 0;
  const auto number = static_cast<uint8_t>(view < kProbeView ? view : view + 1);
  const auto stream = [&](Purpose purpose) { return RandomStream(seed, purpose, epoch, sample, number); };
  ViewParams p;
  const ScaleRange scale =
      small ? ScaleRange{s.local_scale_min, s.local_scale_max} : ScaleRange{s.crop_scale_min, s.crop_scale_max};
  p.crop = sample_crop(s, scale, stream(Purpose::kCrop), width, height);
  p.size = static_cast<int>(s.side(view));
  p.flip = stream(Purpose::kFlip).chance(s.flip_probability);

  RandomStream jitter = stream(Purpose::kJitter);
  p.jitter = jitter.chance(s.jitter_probability);
  p.order = {0, 1, 2, 3};
  uint32_t permutation = jitter.below(24);
  for (uint32_t left = 4; left > 1; --left) {
    std::swap(p.order[left - 1], p.order[permutation % left]);
    permutation /= left;
  }
  const auto factor = [&](double strength) {
    return static_cast<float>(jitter.uniform(std::max(0.0, 1 - strength), 1 + strength));
  };
  p.brightness = factor(s.jitter_brightness);
  p.contrast = factor(s.jitter_contrast);
  p.saturation = factor(s.jitter_saturation);
  p.hue = jitter.uniform(-s.jitter_hue, s.jitter_hue);

  p.grayscale = stream(Purpose::kGrayscale).chance(s.grayscale_probability);
  RandomStream blur = stream(Purpose::kBlur);
  if (blur.chance(like_a ? s.blur_probability_a : s.blur_probability_b)) {
    p.blur_sigma = blur.uniform(s.blur_sigma_min, s.blur_sigma_max);
  }
  p.solarize = stream(Purpose::kSolarize).chance(like_a ? s.solarize_probability_a : s.solarize_probability_b);
  return p;
}

ViewParams sample_crop_and_flip(const AugmentSettings& s, uint64_t seed, uint32_t epoch, uint64_t sample, int width,
                                int height) {
  ViewParams p;
  p.crop = sample_crop(s, {s.crop_scale_min, s.crop_scale_max},
                       RandomStream(seed, Purpose::kCrop, epoch, sample, kProbeView), width, height);
  p.size = static_cast<int>(s.image_size);
  p.flip = RandomStream(seed, Purpose::kFlip, epoch, sample, kProbeView).chance(0.5);
  return p;
}

void render_view(const image::Image& image, const ViewParams& p, const AugmentSettings& s, image::Planes& out,
                 const std::function<void(ViewStep)>& after) {
  const auto done = [&](ViewStep step) {
    if (after) after(step);
  };
  image::crop_resize(image, p.crop, p.size, p.size, s.filter(), out);
  done(ViewStep::kResize);
  if (p.flip) flip_rows(out);
  done(ViewStep::kFlip);
  if (p.jitter) apply_jitter(p, s, out);
  done(ViewStep::kJitter);
  if (p.grayscale) image::to_grayscale(out);
  done(ViewStep::kGrayscale);
  if (p.blur_sigma > 0) image::gaussian_blur(out, p.blur_sigma);
  done(ViewStep::kBlur);
  if (p.solarize) image::solarize(out, static_cast<int>(s.solarize_threshold));
  done(ViewStep::kSolarize);
}

int eval_short_side(const AugmentSettings& s) {
  return static_cast<int>(std::nearbyint(static_cast<double>(s.image_size) / s.eval_crop_fraction));
}

void render_eval_view(const image::Image& image, const AugmentSettings& s, image::Planes& out) {
  const int size = static_cast<int>(s.image_size);
  const int target = eval_short_side(s);
  const int short_side = std::min(image.width, image.height);
  // torchvision truncates the long side: int(target * long / short).
  const auto scaled = [&](int side) {
    return side == short_side ? target : static_cast<int>(static_cast<int64_t>(target) * side / short_side);
  };
  const int width = scaled(image.width);
  const int height = scaled(image.height);
  const int left = static_cast<int>(std::nearbyint((width - size) / 2.0));
  const int top = static_cast<int>(std::nearbyint((height - size) / 2.0));
  thread_local image::Planes resized;
  image::crop_resize(image, {0, 0, image.width, image.height}, width, height, image::Filter::kBilinear, resized);
  out.resize(size, size);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < size; ++y) {
      const uint8_t* row = resized.plane(c) + static_cast<ptrdiff_t>(top + y) * width + left;
      std::copy_n(row, size, out.plane(c) + static_cast<ptrdiff_t>(y) * size);
    }
  }
}

size_t size_of(PixelFormat format) {
  return format == PixelFormat::kFloat32 ? 4 : format == PixelFormat::kBFloat16 ? 2 : 1;
}

NormalizeTable::NormalizeTable(const ChannelStatistics& normalization) : normalization_(to_float(normalization)) {
  for (size_t c = 0; c < 3; ++c) {
    const auto mean = static_cast<float>(normalization.mean[c]);
    const auto std = static_cast<float>(normalization.std[c]);
    for (size_t v = 0; v < 256; ++v) {
      floats_[c][v] = (static_cast<float>(v) / 255.0F - mean) / std;
      const auto bits = std::bit_cast<uint32_t>(floats_[c][v]);
      bfloats_[c][v] = static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
  }
  if (!image::kernels().normalize) return;
  std::array<uint8_t, 256> bytes;
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  const uint8_t* const planes[] = {bytes.data(), bytes.data(), bytes.data()};
  std::array<float, 3 * 256> numbers;
  image::kernels().normalize(planes, 256, normalization_, numbers.data());
  computed_ = true;
  for (size_t i = 0; i < numbers.size(); ++i) computed_ = computed_ && numbers[i] == floats_[i % 3][i / 3];
}

void NormalizeTable::write(const image::Planes& planes, PixelFormat format, void* out) const {
  const auto interleave = [&](auto* to, const auto& value) {
    const size_t count = planes.plane_size();
    const uint8_t *r = planes.plane(0), *g = planes.plane(1), *b = planes.plane(2);
    for (size_t i = 0; i < count; ++i) {
      to[3 * i] = value(0, r[i]);
      to[3 * i + 1] = value(1, g[i]);
      to[3 * i + 2] = value(2, b[i]);
    }
  };
  switch (format) {
    case PixelFormat::kFloat32:
      if (computed_) {
        const uint8_t* const channels[] = {planes.plane(0), planes.plane(1), planes.plane(2)};
        return image::kernels().normalize(channels, planes.plane_size(), normalization_, static_cast<float*>(out));
      }
      return interleave(static_cast<float*>(out), [&](size_t c, uint8_t v) { return floats_[c][v]; });
    case PixelFormat::kBFloat16:
      return interleave(static_cast<uint16_t*>(out), [&](size_t c, uint8_t v) { return bfloats_[c][v]; });
    case PixelFormat::kBytes: return interleave(static_cast<uint8_t*>(out), [](size_t, uint8_t v) { return v; });
  }
}

}  // namespace directclr::data
