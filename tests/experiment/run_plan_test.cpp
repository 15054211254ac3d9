#include "directclr/experiment/run_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "directclr/core/error.h"

namespace directclr::experiment {
namespace {

Suite suite_of(const std::string& name, const std::vector<Variant>& variants) {
  return {name, "", "", "", [variants](const Widths&) { return variants; }, {}};
}

const Variant kNone{"none", "", {{"projector", "none"}}}, kMlp{"mlp", "", {{"projector", "mlp"}}},
    kLinear{"linear", "", {{"projector", "linear"}}},
    kDirect{"direct-23", "", {{"projector", "direct"}, {"d0", "23"}}, "0:23"};

// Two suites with a variant in common, and one that needs no runs.
std::vector<Suite> some_suites() {
  return {suite_of("a", {kMlp, kNone}), suite_of("b", {kLinear, kNone, kDirect}), {"c", "", "", "", {}, {}}};
}

TEST(RunPlan, HasEachRunOnceSeedBySeed) {
  const auto plan = plan_runs(some_suites(), scales().at("smoke"), 2, 60000);
  std::vector<std::string> names;
  for (const auto& run : plan.runs) names.push_back(run.variant + std::to_string(run.seed));
  EXPECT_EQ(names, (std::vector<std::string>{"mlp0", "none0", "linear0", "direct-230", "mlp1", "none1", "linear1",
                                             "direct-231"}));
  EXPECT_EQ(plan.runs[3].train.projector.d0, 23);
  EXPECT_EQ(plan.runs[3].evaluation.probe.dims, "0:23");
  EXPECT_EQ(plan.scale.varied, (std::set<std::string>{"projector", "d0"}));
}

TEST(RunPlan, DecidesWhatIsLeftOpenByEachRunsOwnSettings) {
  const Variant wide{"wide", "", {{"arch", "bottleneck:1,1,1,1:16"}}}, few{"few", "", {{"limit", "256"}}},
      small{"small", "", {{"batch_size", "64"}}};
  Scale scale;
  scale.train.data = "fashion-mnist";
  scale.train.epochs = 2;
  scale.train.encoder.arch = "basic:1,1,1,1:16";
  const auto plan = plan_runs({suite_of("a", {kNone, wide, few, small})}, scale, 1, 1000);
  EXPECT_EQ(plan.runs[0].train.projector.mlp_hidden, 128);
  EXPECT_EQ(plan.runs[1].train.projector.mlp_hidden, 512) << "its own encoder's width";
  EXPECT_EQ(plan.images_trained_on(plan.runs[0]), 2 * 768);
  EXPECT_EQ(plan.images_trained_on(plan.runs[2]), 2 * 256);
  EXPECT_DOUBLE_EQ(plan.runs[3].train.optimizer.lr, 0.3 * 64 / 256);
}

TEST(RunPlan, RefusesSettingsThatCannotBeNamingTheVariant) {
  const auto refused = [](const Variant& variant) {
    try {
      plan_runs({suite_of("a", {variant})}, scales().at("smoke"), 1, 1000);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused({"a", "", {{"projektor", "mlp"}}}),
            "variant a: 'projektor' is no training setting (did you mean 'projector'?)");
  EXPECT_EQ(refused({"a", "", {{"tau", "-1"}}}).find("variant a: tau: -1 is out of range"), 0u)
      << refused({"a", "", {{"tau", "-1"}}});
  EXPECT_EQ(refused({"a", "", {{"warmup_epochs", "77"}}}).find("variant a: --warmup-epochs"), 0u)
      << refused({"a", "", {{"warmup_epochs", "77"}}});
  EXPECT_EQ(refused({"a", "", {{"optimizer", "adamw"}}}).find("variant a: adamw would go on with the lr 0.3"), 0u)
      << refused({"a", "", {{"optimizer", "adamw"}}});
  EXPECT_EQ(refused({"a", "", {{"optimizer", "adamw"}, {"lr", "0"}}}), "nothing");
}

TEST(RunPlan, IsCarriedOutInParts) {
  const auto plan = plan_runs(some_suites(), scales().at("smoke"), 3, 60000);
  const auto names = [&](const std::vector<std::string>& patterns) {
    std::multiset<std::string> found;
    for (const auto& run : runs_matching(plan, patterns)) found.insert(run.id.substr(0, run.id.rfind('-')));
    return found;
  };
  EXPECT_EQ(names({}).size(), 12u);
  EXPECT_EQ(names({"mlp-*"}), (std::multiset<std::string>{"mlp-s0", "mlp-s1", "mlp-s2"}));
  EXPECT_EQ(names({"none-s2-*", "*-s2-*", "linear-s?-*"}),
            (std::multiset<std::string>{"none-s2", "linear-s0", "linear-s1", "linear-s2", "direct-23-s2", "mlp-s2"}))
      << "each once";
  EXPECT_THROW(runs_matching(plan, {"mlp-*", "mpl-*"}), InputError);
}

TEST(RunPlan, NamesARunByWhatItComputes) {
  const auto ids = [](const Scale& scale) {
    std::set<std::string> names;
    for (const auto& run : plan_runs(some_suites(), scale, 2, 60000).runs) names.insert(run.id);
    return names;
  };
  const Scale scale = scales().at("smoke");
  EXPECT_EQ(ids(scale).size(), 8u) << "no two alike";
  Scale other = scale;
  other.train.threads += 3;
  other.train.log_every += 1;
  EXPECT_EQ(ids(other), ids(scale)) << "how a run is carried out does not make it another";
  other = scale;
  other.train.loss.tau = 0.2;
  std::set<std::string> common;
  const auto a = ids(other), b = ids(scale);
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(common, common.end()));
  EXPECT_TRUE(common.empty());
}

}  // namespace
}  // namespace directclr::experiment
