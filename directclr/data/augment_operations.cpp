#include "directclr/data/augment_operations.h"

#include <algorithm>

namespace directclr::data {
namespace {

using Settings = AugmentSettings;

// Strength is the share of the picture's area that a crop may leave out.
void scale_crop(Settings& s, double strength) {
  s.crop_scale_min = std::clamp(1 - (1 - s.crop_scale_min) * strength, 0.01, s.crop_scale_max);
}

void scale_blur(Settings& s, double strength) {
  s.blur_sigma_max = std::max(s.blur_sigma_min, s.blur_sigma_max * strength);
}

// An operation of the colour jitter, which its setting alone switches off.
template <double Settings::*range>
bool jitters(const Settings& s) {
  return s.jitter_probability > 0 && s.*range > 0;
}
template <double Settings::*range>
void remove_jitter(Settings& s) {
  s.*range = 0;
}
template <double Settings::*range>
void scale_factor(Settings& s, double strength) {
  s.*range = std::min(1.0, s.*range * strength);
}

}  // namespace

const Table<AugmentOperation>& augment_operations() {
  static const Table<AugmentOperation> operations(
      "operation",
      {
          {"crop",
           "a random part of the picture, resized to the view's side; without it the largest centred square",
           {"crop_scale_min", "crop_scale_max", "crop_ratio_min", "crop_ratio_max"},
           [](const Settings& s) {
             return s.crop_scale_min < 1 || s.crop_scale_max < 1 || s.crop_ratio_min != s.crop_ratio_max;
           },
           [](Settings& s) { s.crop_scale_min = s.crop_scale_max = s.crop_ratio_min = s.crop_ratio_max = 1; },
           scale_crop},
          {"flip",
           "left and right change places",
           {"flip_probability"},
           [](const Settings& s) { return s.flip_probability > 0; },
           [](Settings& s) { s.flip_probability = 0; }},
          {"brightness",
           "all values times a factor",
           {"jitter_probability", "jitter_brightness"},
           jitters<&Settings::jitter_brightness>,
           remove_jitter<&Settings::jitter_brightness>,
           scale_factor<&Settings::jitter_brightness>},
          {"contrast",
           "differences from the picture's mean gray times a factor",
           {"jitter_probability", "jitter_contrast"},
           jitters<&Settings::jitter_contrast>,
           remove_jitter<&Settings::jitter_contrast>,
           scale_factor<&Settings::jitter_contrast>},
          {"saturation",
           "differences from each pixel's gray times a factor",
           {"jitter_probability", "jitter_saturation"},
           jitters<&Settings::jitter_saturation>,
           remove_jitter<&Settings::jitter_saturation>,
           scale_factor<&Settings::jitter_saturation>},
          {"hue",
           "colours turned on the colour circle",
           {"jitter_probability", "jitter_hue"},
           jitters<&Settings::jitter_hue>,
           remove_jitter<&Settings::jitter_hue>,
           [](Settings& s, double strength) { s.jitter_hue = std::min(0.5, s.jitter_hue * strength); }},
          {"grayscale",
           "each pixel's gray in all three channels",
           {"grayscale_probability"},
           [](const Settings& s) { return s.grayscale_probability > 0; },
           [](Settings& s) { s.grayscale_probability = 0; }},
          {"blur",
           "Gaussian blur",
           {"blur_probability_a", "blur_probability_b", "blur_sigma_min", "blur_sigma_max"},
           [](const Settings& s) { return s.blur_probability_a > 0 || s.blur_probability_b > 0; },
           [](Settings& s) { s.blur_probability_a = s.blur_probability_b = 0; },
           scale_blur},
          {"solarize",
           "values from a threshold up are inverted",
           {"solarize_probability_a", "solarize_probability_b", "solarize_threshold"},
           [](const Settings& s) { return s.solarize_probability_a > 0 || s.solarize_probability_b > 0; },
           [](Settings& s) { s.solarize_probability_a = s.solarize_probability_b = 0; }},
      });
  return operations;
}

}  // namespace directclr::data
