#include "directclr/data/augment_variants.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/data/augment_operations.h"
#include "directclr/data/views.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"

namespace directclr::data {
namespace {

using Names = std::vector<std::string>;

AugmentSettings preset(const std::string& name) {
  AugmentSettings settings;
  settings.apply_preset(name);
  return settings;
}

TEST(AugmentPresets, AreNamedAndGiveValuesInRange) {
  for (const auto& entry : augment_presets()) {
    auto settings = preset(entry.name);
    EXPECT_EQ(settings.preset, entry.name);
    EXPECT_NO_THROW(fields_of(settings).check()) << entry.name;
    EXPECT_EQ(settings.normalization().name, settings.normalize) << entry.name;
  }
  const std::string error = test::error_of([] { preset("cifr"); });
  EXPECT_NE(error.find("did you mean 'cifar'? allowed: imagenet | cifar | fashion"), std::string::npos) << error;
  AugmentSettings settings;
  settings.normalize = "imagnet";
  EXPECT_THROW(settings.normalization(), InputError) << "no other in its place";
  EXPECT_EQ(fields_of(settings).find("preset")->range(), "auto | imagenet | cifar | fashion");
}

// A setting belongs to an operation, or to none in particular.
TEST(AugmentOperations, AccountForEverySetting) {
  AugmentSettings settings;
  const FieldList fields = fields_of(settings);
  Names rest = fields.names();
  for (const auto& operation : augment_operations()) {
    EXPECT_FALSE(operation.help.empty()) << operation.name;
    for (const auto& name : operation.settings) {
      const auto names = fields.names();
      EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name << " is no setting";
      std::erase(rest, name);
    }
  }
  EXPECT_EQ(rest, (Names{"preset", "image_size", "interpolation", "local_views", "local_size", "local_scale_min",
                         "local_scale_max", "eval_crop_fraction", "normalize"}));
}

TEST(AugmentOperations, ChangeTheirOwnSettingsAlone) {
  for (const auto& operation : augment_operations()) {
    for (const double strength : {0.0, 0.5, 1.5}) {
      if (strength > 0 && !operation.scale) continue;
      AugmentSettings before = preset("imagenet"), after = before;
      if (strength > 0) {
        operation.scale(after, strength);
      } else {
        operation.remove(after);
        EXPECT_FALSE(operation.active(after)) << operation.name;
      }
      size_t changed = 0;
      const FieldList fields = fields_of(after);
      for (const auto& field : fields.fields()) {
        if (field.text() == fields_of(before).find(field.name)->text()) continue;
        ++changed;
        EXPECT_EQ(std::count(operation.settings.begin(), operation.settings.end(), field.name), 1)
            << operation.name << " changes " << field.name;
      }
      EXPECT_GT(changed, 0U) << operation.name;
    }
  }
}

TEST(AugmentOperations, StandInTheDocumentation) {
  const std::string document = read_file(test::tests_folder().parent_path() / "docs/math.md");
  for (const auto& operation : augment_operations()) {
    Names options;
    for (const auto& name : operation.settings) options.push_back("`" + name + "`");
    const std::string row = "| " + operation.name + " | " + operation.help + " | " + join(options) + " |\n";
    EXPECT_NE(document.find(row), std::string::npos) << "docs/math.md lacks the line\n" << row;
  }
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
