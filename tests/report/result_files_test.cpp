#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/report/accuracy_result.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/spectrum_text.h"
#include "directclr/report/spectrum_weights.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"
#include "tests/support/error_of.h"
#include "tests/support/json_printing.h"
#include "tests/support/matrices.h"
#include "tests/support/temporary_folder.h"

namespace directclr::report {
namespace {

using test::error_of;

SpectrumResult example_spectrum() {
  spectrum::Analysis analysis;
  analysis.summary = spectrum::summarize(test::normal_array(90, 12, 1), /*l2_normalize=*/true);
  analysis.summary.skipped = 3;
  analysis.skipped_rows = {0, 5, 19};
  analysis.jackknife = {{"effective-rank", 1, 0.25, -0.5}, {"alpha", 2, NAN, NAN}};
  analysis.compatible.resize(1);
  analysis.compatible[0].name = "google nesum";
  analysis.compatible[0].value = 4.5;
  analysis.geometry.resize(1);
  analysis.geometry[0].name = "lidar";
  analysis.geometry[0].value = NAN;
  spectrum::VerdictSettings lines;
  lines.rows_per_dimension = 50;
  SpectrumResult result = spectrum_result(analysis, lines, {{"run", "runs/one"}, {"data", "a set"}});
  result.layer = "embedding";
  result.split = "train";
  return result;
}

TEST(SpectrumResult, IsReadAsItWasWritten) {
  const SpectrumResult result = example_spectrum();
  EXPECT_EQ(result.verdict.kind, spectrum::Verdict::Kind::kTooFewRows);
  const Json object = json_of(result);
  for (const auto& kind : spectrum::measure_kinds()) EXPECT_TRUE(object.contains(kind.name)) << kind.name;
  const SpectrumResult read = read_spectrum_result(Json::parse(object.dump()));
  EXPECT_EQ(json_of(read).dump(), object.dump());
  EXPECT_EQ(read.values, result.values);
  EXPECT_EQ(read.power_law.last, result.power_law.last);
  EXPECT_EQ(read.floor, result.floor);
  EXPECT_EQ(read.skipped, 3);
  EXPECT_EQ(read.skipped_rows, result.skipped_rows);
  EXPECT_EQ(object.at("protocol").at("skipped_row_numbers"), Json({0, 5, 19}));
  EXPECT_TRUE(read.l2_normalized);
  EXPECT_EQ(read.split, "train");
  EXPECT_EQ(read.protocol, result.protocol) << "without what other members say";
  EXPECT_EQ(read.verdict.kind, result.verdict.kind);
  EXPECT_EQ(read.lines.rows_per_dimension, 50);
  ASSERT_EQ(read.jackknife.size(), 2U);
  EXPECT_EQ(read.jackknife[0].bias, -0.5);
  EXPECT_TRUE(std::isnan(read.jackknife[1].standard_error));
  EXPECT_EQ(read.compat.at(0).value, 4.5);
  EXPECT_TRUE(std::isnan(read.geometry.at(0).value));
}

// What a file of before there were numbers says, and what one says that has them.
TEST(SpectrumResult, SaysWhatWasLeftOut) {
  SpectrumResult result = example_spectrum();
  EXPECT_EQ(left_out_text(result), "left out, not finite: images 0, 5, 19 (counted from 0)");
  result.split.clear();
  EXPECT_EQ(left_out_text(result), "left out, not finite: rows 0, 5, 19 (counted from 0)");
  result.skipped_rows.clear();
  EXPECT_EQ(left_out_text(result), "left out, not finite: 3 rows");
  result.skipped = 0;
  EXPECT_EQ(left_out_text(result), "");
}

TEST(SpectrumResult, TellsAnInfiniteNumberFromNone) {
  SpectrumResult result = example_spectrum();
  result.values = {1, 0.5, 0};
  result.condition_number = spectrum::condition_number(result.values);
  result.power_law.alpha = NAN;
  const SpectrumResult read = read_spectrum_result(Json::parse(json_of(result).dump()));
  EXPECT_TRUE(std::isinf(read.condition_number));
  EXPECT_TRUE(std::isnan(read.power_law.alpha));
}

// A file of before there were verdicts and versions.
TEST(SpectrumResult, ReadsFilesOfEarlierVersions) {
  const SpectrumResult read = read_spectrum_result(Json::parse(R"({"singular_values": [1, 0.5, 1e-5],
      "effective_rank_sigma": 2.4, "effective_rank_lambda": 1.9, "below_1e-4_of_largest": 1, "dimensions": 3,
      "protocol": {"samples": 50, "l2_normalized": false, "split": "test"}})"));
  EXPECT_EQ(read.effective_rank_lambda, 1.9);
  EXPECT_EQ(read.dimensions(), 3);
  EXPECT_EQ(read.below_1e_2, 1) << "follows from the eigenvalues";
  EXPECT_TRUE(std::isnan(read.rankme));
  EXPECT_EQ(read.verdict.kind, spectrum::Verdict::Kind::kDimensionalCollapse);
  EXPECT_EQ(read.split, "test");
}

TEST(SpectrumResult, NamesAFileThatItCannotRead) {
  const test::TemporaryFolder folder;
  const auto file = folder / "spectrum.json";
  write_spectrum_result(file, example_spectrum());
  EXPECT_EQ(json_of(read_spectrum_result(file)).dump(), json_of(example_spectrum()).dump());
  const auto error_with = [&](const char* key, Json value) {
    Json object = json_of(example_spectrum());
    object[key] = std::move(value);
    write_file(file, object.dump());
    return error_of([&] { read_spectrum_result(file); });
  };
  EXPECT_NE(error_with("version", 3).find("spectrum.json: was written by a later version"), std::string::npos);
  EXPECT_NE(error_with("rankme", "many").find("spectrum.json: damaged result file"), std::string::npos);
  EXPECT_NE(error_with("verdict", {{"kind", "odd"}, {"text", ""}}).find("no verdict 'odd'"), std::string::npos);
  write_file(file, "{");
  EXPECT_NE(error_of([&] { read_spectrum_result(file); }).find("damaged result file"), std::string::npos);
}

TEST(AccuracyResults, AreReadAsTheyWereWritten) {
  ProbeAccuracy probe;
  probe.top1 = 0.5;
  probe.top5 = 0.75;
  probe.best_epoch_top1 = 0.625;
  probe.epoch_top1 = {0.25, 0.5};
  probe.sgd = ProbeAccuracy::Sgd{100, 256, 0.1, 0.9, 1e-6};
  probe.method = "SGD on random crops and flips";
  probe.columns = "0:90";
  probe.end = 90;
  probe.images = 1000;
  probe.protocol = {{"data", "a set"}, {"projector", "direct"}, {"representation_width", 512}, {"random_init", true}};
  const ProbeAccuracy read = read_probe(Json::parse(json_of(probe).dump()));
  EXPECT_EQ(json_of(read).dump(), json_of(probe).dump());
  EXPECT_EQ(read.file_name(), "probe-random-init-dims-0-90.json");
  EXPECT_EQ(read.description(),
            "linear probe, SGD on random crops and flips, 100 epochs, columns 0 to 90, untrained encoder");
  const test::TemporaryFolder folder;
  EXPECT_EQ(write_probe(folder.path(), probe).text,
            "linear probe: top-1 50.00 %, top-5 75.00 % (SGD on random crops and flips; direct; untrained encoder; "
            "columns 0:90; a set)");
  EXPECT_EQ(Json::parse(read_file(folder / probe.file_name())), json_of(probe));

  ProbeAccuracy cached = probe;
  cached.sgd.reset();
  cached.l2 = 0.01;
  cached.held_out_top1 = 0.5;
  cached.held_out = 0.1;
  cached.columns = "";
  cached.end = 512;
  cached.protocol["random_init"] = false;
  const ProbeAccuracy read_cached = read_probe(Json::parse(json_of(cached).dump()));
  EXPECT_EQ(json_of(read_cached).dump(), json_of(cached).dump());
  EXPECT_EQ(read_cached.file_name(), "probe.json");
  EXPECT_FALSE(read_cached.sgd);

  const KnnAccuracy knn{0.5, 20, 0.07, 1000, cached.protocol};
  const KnnAccuracy read_again = read_knn(Json::parse(json_of(knn).dump()));
  EXPECT_EQ(json_of(read_again).dump(), json_of(knn).dump());
  EXPECT_EQ(read_again.description(), "k-NN, cosine, k 20, temperature 0.07");

  const EvaluationRecord record{"a set", {{"cached", "true"}, {"k", "20"}}, 1.5, "0123456789abcdef"};
  EXPECT_EQ(json_of(read_evaluation(Json::parse(json_of(record).dump()))).dump(), json_of(record).dump());
}

TEST(ExplanationResult, IsReadAsItWasWritten) {
  ExplanationResult result;
  result.images = 64;
  result.batch = 16;
  result.conclusion = {"A finding", "high", {"This"}, {"That"}, {"Also"}};
  result.x = {"representation r", 0.5, 1, 2, 3, {2, 1}, {1, 0.5}, {INFINITY, 0.1}, {3, 2}, {1, 1}};
  result.x_eqn2 = {0.25, 1, 0, {2, 1}};
  result.weak_count = 1;
  result.weak_share = 0.75;
  result.attribution_images = 32;
  result.attribution = {{"as trained", 0.5, 1.5}};
  result.examples = {{"a.png", 4}};
  result.growth = {true, {2, 1}, {0.5, -0.5}, {0.1, 0.1}, {1, 2}, NAN, 1, 1};
  result.alignments = {{"first, second", "a ReLU", 0.5, 0.1, 0.2, {2, 1}, {3, 1}, {{1, 0}, {0, 1}}}};
  result.protocol = {{"data", "a set"}};
  for (const bool more : {false, true}) {
    if (more) {
      result.x_representation = result.x;
      result.x.certain = std::vector<int64_t>{1};
      result.r = ExplanationResult::State{"healthy", "0 of 2 directions ..", 0, 2};
      result.first_layer = ExplanationResult::FirstLayer{{1}, {2}, {3}, {4}, 0.5, 6};
    }
    const ExplanationResult read = read_explanation(Json::parse(json_of(result).dump()));
    EXPECT_EQ(json_of(read).dump(), json_of(result).dump());
    EXPECT_EQ(read.x.held_out, result.x.held_out);
    EXPECT_EQ(lines_of(read.conclusion), (std::vector<std::string>{"Finding (confidence high): A finding.",
                                                                   "For: This.", "Against: That.", "Beside: Also."}));
    EXPECT_EQ(read.alignments.at(0).leading, result.alignments[0].leading);
    EXPECT_EQ(read.first_layer.has_value(), more);
    EXPECT_EQ(read.r.has_value(), more) << "not in files of earlier versions";
    EXPECT_EQ(read.x.certain, result.x.certain);
  }
  const test::TemporaryFolder folder;
  Json object = json_of(result);
  object.erase("growth");
  write_file(folder / "explain.json", object.dump());
  EXPECT_NE(error_of([&] { read_explanation(folder / "explain.json"); }).find("explain.json: damaged result file"),
            std::string::npos);
}

TEST(WeightsResult, IsReadAsItWasWritten) {
  WeightsResult result{"a.pt", "bidiagonalisation", {{"fc", {3, 2}, 1.5, 1.25, 0, {2, 1}}}, {}};
  result.alignments.push_back({"fc", "out", 0.5, 0.1, 0.2, {}});
  result.read.push_back({"a file of torch.save", "module.", 2, {"2 tensors an optimiser's"}});
  EXPECT_EQ(json_of(read_weights_result(Json::parse(json_of(result).dump()))).dump(), json_of(result).dump());
}

}  // namespace
}  // namespace directclr::report
