// The tables of losses, projectors, optimisers and encoders, and what is made from them.
#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/settings/encoders.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/optimizers.h"
#include "directclr/settings/projectors.h"
#include "directclr/settings/train_settings.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"

namespace directclr::settings {
namespace {

// First column of the table in docs/math.md whose head begins with "| `OPTION` |".
std::vector<std::string> documented(const std::string& option) {
  const auto lines = split(read_file(test::tests_folder().parent_path() / "docs" / "math.md"), '\n');
  std::vector<std::string> names;
  bool inside = false;
  for (const auto& line : lines) {
    inside = line.starts_with("| `" + option + "` |") || (inside && line.starts_with("| "));
    if (inside) names.push_back(line.substr(2, line.find(" |") - 2));
    if (line.starts_with("|---") && !names.empty()) inside = names.size() == 1;
  }
  if (!names.empty()) names.erase(names.begin());
  return names;
}

TEST(Documentation, NamesEveryLossAndProjectorAndNoOther) {
  EXPECT_EQ(documented("--loss"), losses().names());
  EXPECT_EQ(documented("--projector"), projectors().names());
}

TEST(Settings, OfferWhatTheTablesHold) {
  TrainSettings settings;
  FieldList fields = fields_of(settings);
  const auto expect_choices = [&](const char* name, const auto& table) {
    const Field& field = *fields.find(name);
    EXPECT_EQ(field.choices, table.names()) << name;
    EXPECT_NE(field.help.find(table.help()), std::string::npos) << field.help;
  };
  expect_choices("loss", losses());
  expect_choices("projector", projectors());
  expect_choices("optimizer", optimizers());
  for (const auto& name : architectures().names()) {
    EXPECT_NE(fields.find("arch")->help.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(fields.find("base_lr")->help, "peak learning rate for a batch of 256; 0: 0.3 lars, 0.03 sgd, 0.001 adamw");
}

TEST(OptimSettings, TakeTheirDefaultsFromTheTable) {
  for (const auto& kind : optimizers()) {
    OptimSettings settings;
    settings.optimizer = kind.name;
    EXPECT_EQ(settings.resolved_lr(512), 2 * kind.base_lr) << kind.name;
    EXPECT_EQ(settings.resolved_weight_decay(), kind.weight_decay) << kind.name;
  }
  OptimSettings unknown;
  unknown.optimizer = "lamb";
  EXPECT_NE(test::error_of([&] { unknown.resolved_lr(256); }).find("--optimizer"), std::string::npos);
  EXPECT_NE(test::error_of([&] { unknown.resolved_weight_decay(); }).find("lars | sgd | adamw"), std::string::npos);
}

TEST(EncoderSettings, KnowNamedAndWrittenShapes) {
  for (const auto& [name, expected] : architectures()) {
    EncoderSettings settings;
    settings.arch = name;
    EXPECT_EQ(settings.shape().representation(), expected.representation()) << name;
    // The same written out.
    settings.arch = format("%s:%d,%d,%d,%d:64", expected.bottleneck ? "bottleneck" : "basic",
                           static_cast<int>(expected.blocks[0]), static_cast<int>(expected.blocks[1]),
                           static_cast<int>(expected.blocks[2]), static_cast<int>(expected.blocks[3]));
    EXPECT_TRUE(std::equal(std::begin(expected.blocks), std::end(expected.blocks), settings.shape().blocks)) << name;
    EXPECT_EQ(settings.shape().bottleneck, expected.bottleneck) << name;
  }
  const auto error = test::error_of([] { EncoderSettings{.arch = "resnet19"}.shape(); });
  EXPECT_NE(error.find("did you mean"), std::string::npos) << error;
  EXPECT_NE(error.find("resnet101 | basic:2,2,2,2:64"), std::string::npos) << error;
}

}  // namespace
}  // namespace directclr::settings
