#include "directclr/spectrum/measures.h"

#include <gtest/gtest.h>

#include <set>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/geometry_measures.h"
#include "directclr/spectrum/spectrum.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/matrices.h"

namespace directclr::spectrum {
namespace {

// A line of the table of measures in docs/math.md.
std::string line_of(const MeasureKind& kind) {
  const char* healthier = kind.healthier == MeasureKind::Healthier::kMore ? "more" : "less";
  std::string line = "| `" + kind.name + "` | " + join(split(kind.definition, '|'), "\\|") + " | " + healthier + " | ";
  return line + kind.caveat + " | " + kind.elsewhere + (kind.elsewhere.empty() ? "|" : " |");
}

TEST(MeasureKinds, AreDescribedInTheDocumentationAsByTheProgram) {
  std::set<std::string> documented, known;
  std::set<std::string> lines;
  for (const auto& line : split(read_file(test::tests_folder().parent_path() / "docs/math.md"), '\n')) {
    lines.insert(line);
    if (line.starts_with("| `") && split(line, '|').size() >= 7) documented.insert(split(line, '`')[1]);
  }
  for (const auto& kind : measure_kinds()) {
    known.insert(kind.name);
    EXPECT_TRUE(lines.contains(line_of(kind))) << "docs/math.md lacks the line\n" << line_of(kind);
  }
  const array::Array rows = test::normal_array(80, 6, 1);
  for (const auto& measures : {neighbour_measures(rows, {}), view_measures(rows, 2)}) {
    for (const auto& measure : measures) known.insert(measure.name);
  }
  EXPECT_EQ(documented, known);
}

TEST(MeasureKinds, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const auto& kind : measure_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_TRUE(kind.short_name.empty() || names.insert(kind.short_name).second) << kind.short_name;
    EXPECT_FALSE(kind.definition.empty() || kind.caveat.empty()) << kind.name;
    EXPECT_FALSE(kind.jackknife && kind.from != MeasureKind::From::kEigenvalues) << kind.name;
  }
}

// What is not a number of a covariance alone says so.
TEST(MeasureKinds, SayWhatTheyAreComputedFrom) {
  const array::Array rows = test::normal_array(400, 20, 2);
  Covariance covariance(20);
  covariance.add(rows);
  const SpectrumSummary s = summarize_covariance(covariance.matrix());
  for (const auto& kind : measure_kinds()) {
    const bool enough = kind.from == MeasureKind::From::kEigenvalues || kind.from == MeasureKind::From::kVariances;
    EXPECT_EQ(std::isnan(kind.value(s)), !enough) << kind.name;
  }
}

TEST(MeasureKinds, MakeTheObjectOfResultFiles) {
  const SpectrumSummary s = summarize(test::normal_array(400, 20, 3), false);
  const Json object = measures_object(s);
  EXPECT_EQ(object.at("effective-rank").get<double>(), s.effective_rank_lambda);
  EXPECT_EQ(object.at("dead-directions").get<int64_t>(), 0);
  EXPECT_TRUE(object.at("constant-dimensions").is_array());
  for (const char* key : {"alpha-r2", "alpha-ranks", "dead-directions-1e-2", "dead-directions-1e-6"}) {
    EXPECT_TRUE(object.contains(key)) << key;
  }
  for (const auto& kind : measure_kinds()) EXPECT_TRUE(object.contains(kind.name)) << kind.name;
}

TEST(ComponentsHolding, CountTheLargest) {
  EXPECT_EQ(components_holding({6, 3, 1}, 0.9), 2) << "exactly nine tenths";
  EXPECT_EQ(components_holding({6, 2.9, 1.1}, 0.9), 3);
  EXPECT_EQ(components_holding({1, 0, 0}, 0.9), 1);
  EXPECT_EQ(components_holding(std::vector<double>(10, 0.1), 0.9), 9);
  EXPECT_EQ(components_holding({0, 0}, 0.9), 0);
}

TEST(CompatTools, AreNamedInTheError) {
  const std::string error = test::error_of([] { compatible_measures({}, "lightli"); });
  EXPECT_NE(error.find("did you mean 'lightly'? allowed: rankme-paper | stable-pretraining"), std::string::npos)
      << error;
  for (const auto& tool : compat_tools()) {
    for (const auto& measure : compatible_measures(summarize(test::normal_array(50, 4, 4), false), tool.name)) {
      EXPECT_TRUE(measure.name.starts_with(tool.name + " ")) << measure.name;
    }
  }
}

}  // namespace
}  // namespace directclr::spectrum
