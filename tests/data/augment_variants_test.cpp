#include "directclr/data/augment_variants.h"

#include <gtest/gtest.h>

#include "directclr/data/views.h"

namespace directclr::data {
namespace {

using Names = std::vector<std::string>;

AugmentSettings preset(const std::string& name) {
  AugmentSettings settings;
  settings.apply_preset(name);
  return settings;
}

TEST(AugmentVariants, NameWhatThePresetsDo) {
  EXPECT_EQ(active_operations(preset("imagenet")),
            (Names{"crop", "flip", "brightness", "contrast", "saturation", "hue", "grayscale", "blur", "solarize"}));
  EXPECT_EQ(active_operations(preset("cifar")),
            (Names{"crop", "flip", "brightness", "contrast", "saturation", "hue", "grayscale"}));
  EXPECT_EQ(active_operations(preset("fashion")), (Names{"crop", "flip", "brightness", "contrast"}));
}

TEST(AugmentVariants, EachAloneEachLeftOutAndTwoStrengths) {
  for (const char* name : {"imagenet", "cifar", "fashion"}) {
    const auto settings = preset(name);
    const auto all = active_operations(settings);
    const auto variants = augment_variants(settings);
    ASSERT_EQ(variants.size(), 2 * all.size() + 2) << name;
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(variants[i].name(), all[i] + " alone");
      EXPECT_EQ(active_operations(variants[i].settings), Names{all[i]});
      Names rest = all;
      rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
      EXPECT_EQ(variants[all.size() + i].name(), "without " + all[i]);
      EXPECT_EQ(active_operations(variants[all.size() + i].settings), rest);
    }
    EXPECT_EQ(variants.back().name(), "all, strength 1.5");
    auto copy = variants.back().settings;
    EXPECT_NO_THROW(fields_of(copy).check()) << "stays inside the settings' ranges";
  }
}

TEST(AugmentVariants, LeaveTheOthersDrawsAsTheyWere) {
  const auto settings = preset("imagenet");
  const auto whole = sample_view(settings, 3, 0, 17, 0, 64, 48);
  for (const auto& variant : augment_variants(settings)) {
    if (variant.kind != AugmentVariant::Kind::kWithout) continue;
    const auto drawn = sample_view(variant.settings, 3, 0, 17, 0, 64, 48);
    if (variant.operation == "crop") {
      EXPECT_EQ(drawn.crop.width, 48) << "the largest centred square";
      EXPECT_EQ(drawn.crop.left, 8);
    } else {
      EXPECT_EQ(drawn.crop.left, whole.crop.left);
      EXPECT_EQ(drawn.crop.width, whole.crop.width);
    }
    EXPECT_EQ(drawn.hue, variant.operation == "hue" ? 0 : whole.hue);
    EXPECT_EQ(drawn.blur_sigma, variant.operation == "blur" ? 0 : whole.blur_sigma);
    EXPECT_EQ(drawn.flip, variant.operation != "flip" && whole.flip);
    EXPECT_EQ(drawn.order, whole.order);
  }
}

}  // namespace
}  // namespace directclr::data
