#include "directclr/data/augment_variants.h"

#include <algorithm>

#include "directclr/core/text.h"

namespace directclr::data {
namespace {

struct Operation {
  const char* name;
  bool (*active)(const AugmentSettings&);
  void (*remove)(AugmentSettings&);
};

const Operation kOperations[] = {
    {"crop",
     [](const AugmentSettings& s) {
       return s.crop_scale_min < 1 || s.crop_scale_max < 1 || s.crop_ratio_min != s.crop_ratio_max;
     },
     [](AugmentSettings& s) { s.crop_scale_min = s.crop_scale_max = s.crop_ratio_min = s.crop_ratio_max = 1; }},
    {"flip", [](const AugmentSettings& s) { return s.flip_probability > 0; },
     [](AugmentSettings& s) { s.flip_probability = 0; }},
    {"brightness", [](const AugmentSettings& s) { return s.jitter_probability > 0 && s.jitter_brightness > 0; },
     [](AugmentSettings& s) { s.jitter_brightness = 0; }},
    {"contrast", [](const AugmentSettings& s) { return s.jitter_probability > 0 && s.jitter_contrast > 0; },
     [](AugmentSettings& s) { s.jitter_contrast = 0; }},
    {"saturation", [](const AugmentSettings& s) { return s.jitter_probability > 0 && s.jitter_saturation > 0; },
     [](AugmentSettings& s) { s.jitter_saturation = 0; }},
    {"hue", [](const AugmentSettings& s) { return s.jitter_probability > 0 && s.jitter_hue > 0; },
     [](AugmentSettings& s) { s.jitter_hue = 0; }},
    {"grayscale", [](const AugmentSettings& s) { return s.grayscale_probability > 0; },
     [](AugmentSettings& s) { s.grayscale_probability = 0; }},
    {"blur", [](const AugmentSettings& s) { return s.blur_probability_a > 0 || s.blur_probability_b > 0; },
     [](AugmentSettings& s) { s.blur_probability_a = s.blur_probability_b = 0; }},
    {"solarize", [](const AugmentSettings& s) { return s.solarize_probability_a > 0 || s.solarize_probability_b > 0; },
     [](AugmentSettings& s) { s.solarize_probability_a = s.solarize_probability_b = 0; }},
};

AugmentSettings scaled(AugmentSettings s, double strength) {
  s.crop_scale_min = std::clamp(1 - (1 - s.crop_scale_min) * strength, 0.01, s.crop_scale_max);
  for (double* factor : {&s.jitter_brightness, &s.jitter_contrast, &s.jitter_saturation}) {
    *factor = std::min(1.0, *factor * strength);
  }
  s.jitter_hue = std::min(0.5, s.jitter_hue * strength);
  s.blur_sigma_max = std::max(s.blur_sigma_min, s.blur_sigma_max * strength);
  return s;
}

}  // namespace

std::string AugmentVariant::name() const {
  if (kind == Kind::kAlone) return operation + " alone";
  if (kind == Kind::kWithout) return "without " + operation;
  return format("all, strength %g", strength);
}

std::vector<std::string> active_operations(const AugmentSettings& settings) {
  std::vector<std::string> names;
  for (const auto& operation : kOperations) {
    if (operation.active(settings)) names.emplace_back(operation.name);
  }
  return names;
}

std::vector<AugmentVariant> augment_variants(const AugmentSettings& settings) {
  std::vector<AugmentVariant> alone, without;
  for (const auto& kept : kOperations) {
    if (!kept.active(settings)) continue;
    AugmentSettings only = settings, rest = settings;
    for (const auto& other : kOperations) {
      if (&other != &kept) other.remove(only);
    }
    kept.remove(rest);
    alone.push_back({AugmentVariant::Kind::kAlone, kept.name, 1, only});
    without.push_back({AugmentVariant::Kind::kWithout, kept.name, 1, rest});
  }
  std::vector<AugmentVariant> all;
  if (alone.size() > 1) {
    all = alone;
    all.insert(all.end(), without.begin(), without.end());
  }
  for (const double strength : {0.5, 1.5}) {
    if (!alone.empty()) {
      all.push_back({AugmentVariant::Kind::kScaled, "all", strength, scaled(settings, strength)});
    }
  }
  return all;
}

}  // namespace directclr::data
