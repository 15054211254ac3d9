#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "directclr/core/settings.h"
#include "directclr/core/table.h"
#include "directclr/image/resize.h"

namespace directclr::data {

struct SourceSpec;

/// Channel means and standard deviations in [0, 1] to normalise by.
struct ChannelStatistics {
  std::string name;
  std::array<double, 3> mean;
  std::array<double, 3> std;
};
/// What `--normalize` may name.
const Table<ChannelStatistics>& normalizations();

/// The two-view augmentation. Defaults are the paper's ImageNet pipeline (Appendix D.1 and the table in docs/math.md,
/// "Augmentation"); view a is the first view, view b the second. Setting a probability to 0 switches its operation off.
/// Beside the two, an image may give local views of small parts (multi-crop; Caron et al. 2020): every second one is
/// made as view a, the others as view b.
struct AugmentSettings {
  std::string preset = "auto";
  int64_t image_size = 224;
  double crop_scale_min = 0.08;
  double crop_scale_max = 1.0;
  double crop_ratio_min = 3.0 / 4.0;
  double crop_ratio_max = 4.0 / 3.0;
  std::string interpolation = "bicubic";
  double flip_probability = 0.5;
  double jitter_probability = 0.8;
  double jitter_brightness = 0.4;
  double jitter_contrast = 0.4;
  double jitter_saturation = 0.2;
  double jitter_hue = 0.1;
  double grayscale_probability = 0.2;
  double blur_probability_a = 1.0;
  double blur_probability_b = 0.1;
  double blur_sigma_min = 0.1;
  double blur_sigma_max = 2.0;
  double solarize_probability_a = 0.0;
  double solarize_probability_b = 0.2;
  int64_t solarize_threshold = 128;
  int64_t local_views = 0;
  int64_t local_size = 96;
  double local_scale_min = 0.05;
  double local_scale_max = 0.14;
  double eval_crop_fraction = 0.875;
  std::string normalize = "imagenet";

  void describe(FieldList& fields);

  static constexpr int64_t kMostLocalViews = 16;
  /// Views of an image, and the side of view number `view` in pixels: 0 and 1 are a and b, then come the local ones.
  int64_t views() const { return 2 + local_views; }
  int64_t side(int64_t view) const { return view < 2 ? image_size : local_size; }

  /// Puts every setting to the preset's values. Throws InputError for a name that augment_presets() does not have.
  void apply_preset(const std::string& name);

  /// Gives every setting not named in `given` its preset's value; an "auto" preset becomes the one that fits `data`,
  /// which is looked at for that alone. Throws InputError when a minimum then lies above its maximum.
  void complete(const SourceSpec& data, const std::set<std::string>& given);

  /// Throws InputError when a minimum lies above its maximum.
  void check_order() const;

  image::Filter filter() const;

  /// What `normalize` names. Throws InputError for an unknown name.
  const ChannelStatistics& normalization() const;
};

/// Starting values of the settings for a kind of picture.
struct AugmentPreset {
  std::string name;
  std::string help;
  void (*apply)(AugmentSettings& settings);  ///< changes the defaults
};
/// What `--preset` may name, besides "auto".
const Table<AugmentPreset>& augment_presets();

}  // namespace directclr::data
