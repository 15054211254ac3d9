#include "directclr/experiment/experiment_file.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/experiment/run_plan.h"
#include "tests/experiment/made_up_results.h"
#include "tests/support/temporary_folder.h"

namespace directclr::experiment {
namespace {

class ExperimentFileTest : public ::testing::Test {
 protected:
  ExperimentFile read(const std::string& text) const {
    write_file(folder_ / "mine.toml", text);
    return read_experiment((folder_ / "mine.toml").string());
  }

  // The error, without the folder.
  std::string refused(const std::string& text) const {
    try {
      read(text);
    } catch (const InputError& error) {
      const std::string message = error.what();
      return message.substr(message.find("mine.toml"));
    }
    return "nothing";
  }

  test::TemporaryFolder folder_;
};

std::vector<std::string> names_of(const ExperimentFile& file) {
  std::vector<std::string> names;
  for (const auto& variant : file.variants) names.push_back(variant.name);
  return names;
}

TEST_F(ExperimentFileTest, KeepsVariantsInTheFilesOrder) {
  const auto file = read(
      "[variants.zero]\nprojector = \"none\"\n[variants.direct]\nlabel = \"DirectCLR\"\nd0 = 90\nprojector = "
      "\"direct\"\ndims = \"0:90\"\n[settings]\ntau = 0.2\ndata = \"fashion-mnist\"\n[evaluation]\ncached = true\n"
      "[experiment]\nname = \"first\"\ntitle = \"A title\"\nseeds = 5\nbaseline = \"zero\"\nscale = \"cpu\"\n");
  EXPECT_EQ(names_of(file), (std::vector<std::string>{"zero", "direct"}));
  EXPECT_EQ(file.name, "first");
  EXPECT_EQ(file.title, "A title");
  EXPECT_EQ(file.scale.seeds, 5);
  EXPECT_EQ(file.scale.name, "cpu");
  EXPECT_EQ(file.scale.train.epochs, 40) << "the scale's";
  EXPECT_EQ(file.scale.train.loss.tau, 0.2) << "on top of the scale, wherever it stands";
  EXPECT_TRUE(file.scale.given.contains("tau") && file.scale.given.contains("epochs"));
  EXPECT_TRUE(file.scale.evaluation.probe.cached);
  EXPECT_EQ(file.variants[1].label, "DirectCLR");
  EXPECT_EQ(file.variants[1].dims, "0:90");
  EXPECT_EQ(file.variants[1].settings,
            (std::vector<std::pair<std::string, std::string>>{{"d0", "90"}, {"projector", "direct"}}));
  EXPECT_EQ(file.variants[1].baseline, "zero");
  EXPECT_EQ(file.scale.varied, (std::set<std::string>{"d0", "projector"}));
}

TEST_F(ExperimentFileTest, CombinesVariantsWithTheGrid) {
  const auto file = read(
      "[experiment]\nbaseline = \"none\"\n[variants.direct]\nlabel = \"DirectCLR\"\nprojector = \"direct\"\n"
      "[variants.none]\nprojector = \"none\"\n[grid]\ntau = [0.1, 0.25]\nbatch_size = [64, 128]\n");
  EXPECT_EQ(names_of(file), (std::vector<std::string>{"direct-tau-0.1-batch_size-64", "direct-tau-0.1-batch_size-128",
                                                      "direct-tau-0.25-batch_size-64", "direct-tau-0.25-batch_size-128",
                                                      "none-tau-0.1-batch_size-64", "none-tau-0.1-batch_size-128",
                                                      "none-tau-0.25-batch_size-64", "none-tau-0.25-batch_size-128"}));
  EXPECT_EQ(file.variants[1].label, "DirectCLR, tau 0.1, batch_size 128");
  EXPECT_EQ(file.variants[1].baseline, "none-tau-0.1-batch_size-128") << "at the same other settings";
  EXPECT_EQ(file.variants[6].baseline, "none-tau-0.25-batch_size-64");
  EXPECT_EQ(file.varied, (std::vector<std::string>{"tau", "batch_size"}));
  EXPECT_EQ(file.name, "mine") << "the file's";
  EXPECT_EQ(file.scale.seeds, 3);
  const auto alone = read("[experiment]\nbaseline = \"tau-0.2\"\n[grid]\ntau = [0.1, 0.2]\n");
  EXPECT_EQ(names_of(alone), (std::vector<std::string>{"tau-0.1", "tau-0.2"}));
  EXPECT_EQ(alone.variants[0].baseline, "tau-0.2");
  EXPECT_EQ(read("[grid]\ntau = [0.1, 0.2]\n").variants[1].baseline, "tau-0.1") << "the first, where none is named";
}

TEST_F(ExperimentFileTest, RefusesNamingFileLineAndNearestKey) {
  const std::string one = "[variants.a]\ntau = 0.1\n";
  EXPECT_EQ(refused("[variant.a]\n"), "mine.toml:1: variant: unknown key (did you mean 'variants'?)");
  EXPECT_EQ(refused(one + "[experiment]\nsedes = 2\n"),
            "mine.toml:4: experiment.sedes: unknown key (did you mean 'seeds'?)");
  EXPECT_EQ(refused("[variants.a]\ntua = 0.1\n"), "mine.toml:2: variants.a.tua: unknown key (did you mean 'tau'?)");
  EXPECT_EQ(refused(one + "[settings]\nepoch = 1\n"),
            "mine.toml:4: settings.epoch: unknown key (did you mean 'epochs'?)");
  EXPECT_EQ(refused(one + "[evaluation]\ncache = true\n"),
            "mine.toml:4: evaluation.cache: unknown key (did you mean 'cached'?)");
  EXPECT_EQ(refused("[grid]\ntaus = [1]\n"), "mine.toml:2: grid.taus: unknown key (did you mean 'tau'?)");
  EXPECT_EQ(refused("[variants.a]\ntau = -1\n").find("mine.toml:2: variants.a.tau: -1 is out of range"), 0u);
  EXPECT_EQ(refused("[grid]\ntau = [0.1, 0]\n").find("mine.toml:2: grid.tau: 0 is out of range"), 0u);
  EXPECT_EQ(refused("[grid]\nepochs = [1.5]\n").find("mine.toml:2: grid.epochs: '1.5' is not a whole number"), 0u);
  EXPECT_EQ(refused("[grid]\ntau = 0.1\n"), "mine.toml:2: grid.tau: must be a list of values (tau = [1, 2])");
  EXPECT_EQ(refused(one + "[experiment]\nseeds = 0\n"),
            "mine.toml:4: experiment.seeds: 0 is out of range (allowed: 1 "
            ".. 1000)");
  EXPECT_EQ(refused(one + "[experiment]\nscale = \"cup\"\n").find("mine.toml:4: experiment.scale: --scale: 'cup'"), 0u);
  EXPECT_EQ(refused("[experiment]\nbaseline = \"nun\"\n[variants.none]\n"),
            "mine.toml:2: experiment.baseline: 'nun' is no variant (did you mean 'none'?)");
  EXPECT_EQ(refused("[variants.a]\nseed = 1\n").find("mine.toml:2: variants.a.seed: every variant runs"), 0u);
  EXPECT_EQ(refused("[variants.a]\ndata = \"x\"\n").find("mine.toml:2: variants.a.data: is the same for all"), 0u);
  EXPECT_EQ(refused(one + "[grid]\ntau = [1, 2]\n").find("mine.toml:4: grid.tau: variant a sets it, too"), 0u);
  EXPECT_EQ(refused("[grid]\ntau = [0.1, 0.1]\n"), "mine.toml: two variants are named tau-0.1");
  EXPECT_EQ(refused("[variants.\"a/b\"]\n").find("mine.toml:1: variants.a/b: 'a/b' is no name"), 0u);
  EXPECT_EQ(refused("[settings]\ntau = 0.1\n").find("mine.toml: has no [variants.NAME]"), 0u);
  EXPECT_EQ(refused("[variants.a]\ntau = = 1\n").find("mine.toml:2: "), 0u);
  EXPECT_THROW(read_experiment((folder_ / "none.toml").string()), InputError);
}

TEST_F(ExperimentFileTest, ComesToASectionWithPairedDifferences) {
  const auto experiment = to_experiment(
      read("[experiment]\nbaseline = \"none\"\n[variants.direct-2]\nprojector = \"direct\"\n[variants.none]\n"
           "projector = \"none\"\n"));
  auto results = made_up();
  results.scale = "";
  const auto sections = present(experiment.suites, results, folder_ / "figures");
  ASSERT_FALSE(sections.empty());
  EXPECT_EQ(sections[0].tables[0].rows[0][3], "minus none");
  EXPECT_EQ(sections[0].tables[0].rows[1][3], "+8.00 ± 2.65");
  ASSERT_EQ(sections[0].findings.size(), 1u);
  EXPECT_EQ(sections[0].findings[0].find("P(direct-2 > none) = 0.98"), 0u) << sections[0].findings[0];
  EXPECT_EQ(sections[0].drawings.size(), 2u) << "representation and embedding";
  EXPECT_EQ(page_markdown(results, sections, experiment.head).find("# mine\n\na <set>, 100 training images"), 0u);
}

TEST_F(ExperimentFileTest, DrawsAccuracyOverANumber) {
  const auto experiment = to_experiment(read("[variants.a]\nprojector = \"none\"\n[grid]\ntau = [0.2, 0.1, 0.4]\n"));
  Results results;
  for (const auto& [variant, top1] : {std::pair("a-tau-0.2", 0.3), {"a-tau-0.1", 0.5}, {"a-tau-0.4", 0.4}}) {
    RunRecord run;
    run.variant = variant;
    run.top1 = top1;
    results.runs.push_back(run);
  }
  const auto sections = present(experiment.suites, results, folder_ / "figures");
  ASSERT_EQ(sections[0].drawings.size(), 1u);
  EXPECT_EQ(sections[0].drawings[0].name, "mine-tau");
  const std::string csv = read_file(folder_ / "figures" / "mine-tau.csv");
  EXPECT_NE(csv.find("0,a,0.1,50,50,50\n0,a,0.2,30,30,30\n0,a,0.4,40,40,40\n"), std::string::npos) << csv;
}

}  // namespace
}  // namespace directclr::experiment
