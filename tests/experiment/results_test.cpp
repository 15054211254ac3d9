#include "directclr/experiment/results.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "tests/experiment/made_up_results.h"
#include "tests/support/temporary_folder.h"

namespace directclr::experiment {
namespace {

TEST(Results, ComeBackFromTheirFile) {
  const test::TemporaryFolder folder;
  const auto results = made_up();
  write_file(folder / "results.json", results.to_json());
  const auto again = Results::read(folder / "results.json");
  EXPECT_EQ(again.to_json(), results.to_json());
  EXPECT_EQ(again.of("none").size(), 3u);
  EXPECT_EQ(again.of("none")[0]->spectra.at("representation").below_1e_4, 2);
  EXPECT_EQ(again.of("direct-1")[0]->problem, "no space");
  write_file(folder / "bad.json", "{\"version\": 1}");
  EXPECT_THROW(Results::read(folder / "bad.json"), InputError);
  write_file(folder / "future.json", "{\"version\": 99}");
  EXPECT_THROW(Results::read(folder / "future.json"), InputError);
  EXPECT_THROW(Results::read(folder / "none.json"), InputError);
}

TEST(Results, AreMadeInParts) {
  const auto whole = made_up();
  Results first = whole, second = whole;
  std::erase_if(first.runs, [](const auto& run) { return run.seed == 1; });
  std::erase_if(second.runs, [](const auto& run) { return run.seed != 1; });
  second.made_by = "elsewhere";
  Results both = first;
  both.add(second);
  EXPECT_EQ(both.runs.size(), whole.runs.size());
  EXPECT_EQ(both.of("none").size(), 3u);
  EXPECT_EQ(both.of("none")[1]->top1, whole.of("none")[1]->top1);
  EXPECT_EQ(both.made_by, whole.made_by + "; elsewhere");
  EXPECT_EQ(both.machine, whole.machine) << "said once where it is the same";
  Results third = second;
  third.machine["processor"] = "another";
  for (auto& run : third.runs) run.seed = 2;
  std::erase_if(both.runs, [](const auto& run) { return run.seed == 2; });
  both.add(third);
  third.runs.clear();
  both.add(third);
  EXPECT_EQ(both.machine["processor"], whole.machine.at("processor") + "; another");
  EXPECT_EQ(both.made_by, whole.made_by + "; elsewhere");
  const auto refused = [&](const Results& other) {
    try {
      Results copy = first;
      copy.add(other);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused(first).find("has a result in two files"), std::string::npos) << refused(first);
  Results other = second;
  other.settings["epochs"] = "77";
  EXPECT_NE(refused(other).find("epochs is"), std::string::npos) << refused(other);
  other = second;
  other.images += 1;
  EXPECT_NE(refused(other).find("training images is 100 in one and 101 in another"), std::string::npos)
      << refused(other);
  // What failed in one part is taken from the other.
  Results failed = whole;
  for (auto& run : failed.runs) run.problem = kNotRun;
  failed.add(first);
  EXPECT_EQ(failed.of("none")[0]->top1, whole.of("none")[0]->top1);
  EXPECT_FALSE(failed.of("none")[1]->good());
}

}  // namespace
}  // namespace directclr::experiment
