#include "directclr/data/augment_settings.h"

#include "directclr/core/error.h"
#include "directclr/data/source.h"

namespace directclr::data {

void AugmentSettings::describe(FieldList& f) {
  f.section("augment");
  f.add("preset", preset, "starting values of this table; auto goes by the kind of data and the pictures' size",
        {"auto", "imagenet", "cifar", "fashion"});
  f.add("image_size", image_size, 8, 1024, "side of the square views in pixels");
  f.add("crop_scale_min", crop_scale_min, 1e-4, 1, "random resized crop: smallest share of the image's area");
  f.add("crop_scale_max", crop_scale_max, 1e-4, 1, "random resized crop: largest share of the image's area");
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
  f.add("local_scale_min", local_scale_min, 1e-4, 1, "local views: smallest share of the image's area");
  f.formerly("small_scale_min");
  f.add("local_scale_max", local_scale_max, 1e-4, 1, "local views: largest share of the image's area");
  f.formerly("small_scale_max");
  f.add("eval_crop_fraction", eval_crop_fraction, 0.1, 1,
        "evaluation: short side resized to image_size / this (bilinear), then centre crop");
  f.add("normalize", normalize, "channel mean and standard deviation to normalise by",
        {"imagenet", "cifar", "fashion", "none"});
}

void AugmentSettings::apply_preset(const std::string& name) {
  *this = AugmentSettings{};
  preset = name;
  if (name == "imagenet") return;
  if (name != "cifar" && name != "fashion") {
    throw InputError("--preset", "'" + name + "' is not known", "allowed: imagenet | cifar | fashion");
  }
  // At 32 px a blur removes what little there is to see; published CIFAR recipes leave it and solarisation out.
  image_size = 32;
  local_size = 16;
  blur_probability_a = blur_probability_b = 0;
  solarize_probability_b = 0;
  eval_crop_fraction = 1;
  normalize = "cifar";
  if (name == "cifar") return;
  // Gray pictures of single, centred objects: no colour to change, and a crop of 8 % shows a patch of cloth.
  image_size = 28;
  local_size = 14;
  crop_scale_min = 0.2;
  jitter_saturation = jitter_hue = 0;
  grayscale_probability = 0;
  normalize = "fashion";
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

AugmentSettings::Normalization AugmentSettings::normalization() const {
  if (normalize == "cifar") return {{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}};
  if (normalize == "fashion") return {{0.2860, 0.2860, 0.2860}, {0.3530, 0.3530, 0.3530}};
  if (normalize == "none") return {{0, 0, 0}, {1, 1, 1}};
  return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
}

}  // namespace directclr::data
