#include "directclr/theory/check.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "tests/support/error_of.h"

namespace directclr::theory {
namespace {

class Statement : public ::testing::TestWithParam<std::string> {};

// Each trial of a check has its own dimensions and sizes; three seeds give fifteen cases a statement.
TEST_P(Statement, HoldsForSeveralSeeds) {
  for (const int64_t seed : {0, 1, 20220425}) {
    const Check check = run_checks({seed, 5}, {GetParam()}, {})[0];
    EXPECT_TRUE(check.holds());
    for (const auto& m : check.measures) {
      EXPECT_TRUE(m.holds()) << "seed " << seed << ": " << m.what << ": actual " << m.deviation << ", limit "
                             << m.tolerance;
    }
    for (const auto& c : check.counterexamples) {
      EXPECT_TRUE(c.shown()) << "seed " << seed << ": should fail without " << c.without << ": actual " << c.deviation
                             << ", at least " << c.at_least;
    }
    EXPECT_FALSE(check.measures.empty());
    EXPECT_FALSE(check.statement.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Paper, Statement, ::testing::ValuesIn(check_names()),
                         [](const auto& statement) { return statement.param; });

TEST(RunChecks, ArePureFunctionsOfTheirSettings) {
  const auto first = run_checks({3, 2}, {"lemma4", "theorem3"}, {});
  const auto second = run_checks({3, 2}, {"theorem3", "lemma4"}, {});
  EXPECT_EQ(first[0].measures[0].deviation, second[1].measures[0].deviation);
  EXPECT_EQ(first[1].measures[1].deviation, second[0].measures[1].deviation);
  EXPECT_EQ(first[0].name, "lemma4");
}

TEST(RunChecks, NamesTheNearestStatement) {
  EXPECT_EQ(test::error_of([] { run_checks({}, {"lema5"}, {}); }), "check: there is no 'lema5' (did you mean lemma5?)");
}

TEST(CheckVerdict, TurnsOnEveryMeasureAndCounterexample) {
  Check check;
  check.measures = {{"a", 1e-3}};
  check.counterexamples = {{"b", 0.5}};
  EXPECT_TRUE(check.measures[0].holds());
  check.measures[0].see(1e-4);
  check.counterexamples[0].see(0.7);
  EXPECT_TRUE(check.holds());
  check.counterexamples[0].see(0.1);  // the smallest counts
  EXPECT_FALSE(check.holds());
  check.counterexamples[0] = {"b", 0.5};
  check.measures[0].see(NAN);
  EXPECT_FALSE(check.holds());
}

}  // namespace
}  // namespace directclr::theory
