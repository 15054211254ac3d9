#include "directclr/data/augment_settings.h"

#include "directclr/core/error.h"
#include "directclr/data/source.h"

namespace directclr::data {
namespace {

// The usual recipe at 32 px: a blur removes what little there is to see; published CIFAR recipes leave it and
// solarisation out.
void apply_cifar(AugmentSettings& s) {
  s.image_size = 32;
  s.local_size = 16;
  s.blur_probability_a = s.blur_probability_b = 0;
  s.solarize_probability_b = 0;
  s.eval_crop_fraction = 1;
  s.normalize = "cifar";
}

// Gray pictures of single, centred objects: no colour to change, and a crop of 8 % shows a patch of cloth.
void apply_fashion(AugmentSettings& s) {
  apply_cifar(s);
  s.image_size = 28;
  s.local_size = 14;
  s.crop_scale_min = 0.2;
  s.jitter_saturation = s.jitter_hue = 0;
  s.grayscale_probability = 0;
  s.normalize = "fashion";
}

// Names of a table for a setting's choices, perhaps after one that is in none.
template <class Entry>
std::vector<std::string> choices(const Table<Entry>& table, const char* before = nullptr) {
  std::vector<std::string> names = table.names();
  if (before) names.insert(names.begin(), before);
  return names;
}

}  // namespace

const Table<AugmentPreset>& augment_presets() {
  static const Table<AugmentPreset> presets(
      "--preset", {
                      {"imagenet", "224 px, the paper's", [](AugmentSettings&) {}},
                      {"cifar", "32 px, no blur, no solarisation", apply_cifar},
                      {"fashion", "28 px, gray: crop, flip, brightness and contrast", apply_fashion},
                  });
  return presets;
}

const Table<ChannelStatistics>& normalizations() {
  static const Table<ChannelStatistics> all("--normalize",
                                            {
                                                {"imagenet", {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
                                                {"cifar", {0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}},
                                                {"fashion", {0.2860, 0.2860, 0.2860}, {0.3530, 0.3530, 0.3530}},
                                                {"none", {0, 0, 0}, {1, 1, 1}},
                                            });
  return all;
}

void AugmentSettings::describe(FieldList& f) {
  f.section("augment");
  f.add("preset", preset, "starting values of this table; auto goes by the kind of data and the pictures' size",
        choices(augment_presets(), "auto"));
  f.add("image_size", image_size, 8, 1024, "side of the square views in pixels");
  f.add("crop_scale_min", crop_scale_min, 1e-4, 1, "random resized crop: smallest fraction of the image's area");
  f.add("crop_scale_max", crop_scale_max, 1e-4, 1, "random resized crop: largest fraction of the image's area");
  f.add("crop_ratio_min", crop_ratio_min, 0.1, 10, "random resized crop: smallest width / height");
  f.add("crop_ratio_max", crop_ratio_max, 0.1, 10, "random resized crop: largest width / height");
  f.add("interpolation", interpolation, "resize filter of the training views", {"bicubic", "bilinear"});
  f.add("flip_probability", flip_probability, 0, 1, "horizontal flip");
  f.add("jitter_probability", jitter_probability, 0, 1, "colour jitter, its four operations in random order");
  f.add("jitter_brightness", jitter_brightness, 0, 1, "brightness factor drawn from 1 +- this");
  f.add("jitter_contrast", jitter_contrast, 0, 1, "contrast factor drawn from 1 +- this");
  f.add("jitter_saturation", jitter_saturation, 0, 1, "saturation factor drawn from 1 +- this");
  f.add("jitter_hue", jitter_hue, 0, 0.5, "hue shift drawn from +- this, in turns of the colour circle");
  f.add("grayscale_probability", grayscale_probability, 0, 1, "conversion to gray");
  f.add("blur_probability_a", blur_probability_a, 0, 1, "Gaussian blur of the first view");
  f.add("blur_probability_b", blur_probability_b, 0, 1, "Gaussian blur of the second view");
  f.add("blur_sigma_min", blur_sigma_min, 0, 100, "smallest blur sigma in pixels");
  f.add("blur_sigma_max", blur_sigma_max, 0, 100, "largest blur sigma in pixels");
  f.add("solarize_probability_a", solarize_probability_a, 0, 1, "solarisation of the first view");
  f.add("solarize_probability_b", solarize_probability_b, 0, 1, "solarisation of the second view");
  f.add("solarize_threshold", solarize_threshold, 0, 256, "values from here up are inverted");
  f.add("local_views", local_views, 0, kMostLocalViews, "local views an image beside the two (multi-crop)");
  f.formerly("small_views");
  f.add("local_size", local_size, 8, 1024, "side of the local views in pixels");
  f.formerly("small_size");
  f.add("local_scale_min", local_scale_min, 1e-4, 1, "local views: smallest fraction of the image's area");
  f.formerly("small_scale_min");
  f.add("local_scale_max", local_scale_max, 1e-4, 1, "local views: largest fraction of the image's area");
  f.formerly("small_scale_max");
  f.add("eval_crop_fraction", eval_crop_fraction, 0.1, 1,
        "evaluation: short side resized to image_size / this (bilinear), then centre crop");
  f.add("normalize", normalize, "channel mean and standard deviation to normalise by", choices(normalizations()));
}

void AugmentSettings::apply_preset(const std::string& name) {
  const AugmentPreset& found = augment_presets().at(name);
  *this = AugmentSettings{};
  preset = found.name;
  found.apply(*this);
}

void AugmentSettings::complete(const SourceSpec& data, const std::set<std::string>& given) {
  if (preset == "auto") preset = data.preset();
  AugmentSettings base;
  base.apply_preset(preset);
  FieldList mine = fields_of(*this);
  const FieldList from_preset = fields_of(base);
  for (const auto& field : from_preset.fields()) {
    if (!given.contains(field.name)) mine.find(field.name)->set(field.text(), field.option());
  }
  check_order();
}

void AugmentSettings::check_order() const {
  const auto ordered = [](double low, double high, const char* name) {
    if (low > high) throw InputError(name, "the minimum is above the maximum");
  };
  ordered(crop_scale_min, crop_scale_max, "--crop-scale-min");
  ordered(crop_ratio_min, crop_ratio_max, "--crop-ratio-min");
  ordered(local_scale_min, local_scale_max, "--local-scale-min");
  ordered(blur_sigma_min, blur_sigma_max, "--blur-sigma-min");
}

image::Filter AugmentSettings::filter() const {
  return interpolation == "bilinear" ? image::Filter::kBilinear : image::Filter::kBicubic;
}

const ChannelStatistics& AugmentSettings::normalization() const { return normalizations().at(normalize); }

}  // namespace directclr::data
