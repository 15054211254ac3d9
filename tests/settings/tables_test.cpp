// The tables of losses, projectors, optimisers and encoders, and what is made from them.
#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/settings/encoders.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/optimizers.h"
#include "directclr/settings/projectors.h"
#include "directclr/settings/train_settings.h"
#include "directclr/settings/unused_settings.h"
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
  expect_choices("encoder_end", encoder_ends());
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

TEST(UnusedSettings, AreNamedWithThoseThatUseThem) {
  TrainSettings settings;
  settings.loss.loss = "vicreg";
  settings.projector.projector = "linear";
  settings.optimizer.optimizer = "sgd";
  settings.loss.tau = 0.2;
  settings.loss.vicreg_variance = 20;
  settings.projector.d0 = 64;
  settings.projector.projector_dim = 64;
  settings.optimizer.lars_eta = 0.002;
  settings.optimizer.momentum = 0.8;
  const std::set<std::string> given = {"tau",      "vicreg_variance", "d0",    "projector_dim",
                                       "lars_eta", "momentum",        "epochs"};
  EXPECT_EQ(unused_settings(settings, given),
            (std::vector<std::string>{
                "--tau changes nothing: --loss vicreg does not use it (infonce, ntxent, spectral do)",
                "--d0 changes nothing: --projector linear does not use it (direct, lowrank, lowrank-fixed, "
                "lowrank-diagonal, group, random-dropout do)",
                "--lars-eta changes nothing: --optimizer sgd does not use it (lars does)"}));
  EXPECT_TRUE(unused_settings(settings, {"epochs"}).empty());
  settings.loss.tau = 0.1;
  EXPECT_TRUE(unused_settings(settings, {"tau"}).empty()) << "as by default";
}

// What each entry says that it uses is held against what it computes in tests/loss, tests/model and tests/optim.
TEST(UnusedSettings, KnowSettingsThatThereAre) {
  TrainSettings settings;
  FieldList fields = fields_of(settings);
  const auto expect_fields = [&](const auto& table) {
    for (const auto& kind : table) {
      for (const auto& name : kind.uses) EXPECT_NE(fields.find(name), nullptr) << kind.name << ": " << name;
    }
  };
  expect_fields(losses());
  expect_fields(projectors());
  expect_fields(optimizers());
}

TEST(OptimSettings, LeaveNoRateWhereItDoesNotBelong) {
  const auto said = [](double lr, double base_lr, const std::string& optimizer, const std::set<std::string>& given) {
    const OptimSettings before{.lr = lr, .base_lr = base_lr};
    OptimSettings now = before;
    now.optimizer = optimizer;
    return test::error_of([&] { check_rate(before, now, given, "--optimizer"); });
  };
  EXPECT_EQ(
      said(0.6, 0, "adamw", {"optimizer"}),
      "--optimizer: adamw would go on with the lr 0.6 that is set for lars (lr = 0 takes its own, 0.001 for a batch "
      "of 256)");
  EXPECT_EQ(
      said(0, 0.3, "sgd", {"optimizer"}),
      "--optimizer: sgd would go on with the base_lr 0.3 that is set for lars (base_lr = 0 takes its own, 0.03 for "
      "a batch of 256)");
  EXPECT_EQ(said(0.6, 0, "lars", {"base_lr"}),
            "--optimizer: base_lr would change nothing beside the lr 0.6 that is set (lr = 0 puts it aside)");
  EXPECT_EQ(said(0.6, 0, "adamw", {"optimizer", "lr"}), "no error");
  EXPECT_EQ(said(0, 0.3, "adamw", {"optimizer", "base_lr"}), "no error");
  EXPECT_EQ(said(0, 0.3, "adamw", {"optimizer", "lr"}), "no error");
  EXPECT_EQ(said(0, 0, "adamw", {"optimizer"}), "no error") << "each has its own";
  EXPECT_EQ(said(0.6, 0, "lars", {"optimizer", "tau"}), "no error") << "the same by name";
  EXPECT_EQ(said(0, 0.3, "lars", {"base_lr"}), "no error");
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
