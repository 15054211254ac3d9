#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "directclr/paper/suite.h"

namespace directclr::paper {

/// A row of an accuracy table and the paper's figure for it.
struct Row {
  Variant variant;
  double paper_top1 = NAN;  ///< per cent
};

/// A number of a run, NaN where it has none.
using Measure = std::function<double(const RunRecord&)>;
double probe_top1(const RunRecord& run);  ///< per cent
double knn_top1(const RunRecord& run);    ///< per cent
/// A value of one layer's spectrum.
Measure of_spectrum(const std::string& layer, double (*value)(const report::SpectrumResult&));
double lambda_rank(const report::SpectrumResult& spectrum);
double dead_count(const report::SpectrumResult& spectrum);
/// Of the representation's spectrum: how many eigenvalues lie below 1e-4 of the largest.
double dead_directions(const RunRecord& run);
double effective_rank(const RunRecord& run);  ///< lambda form

/// Values of a variant's good runs.
std::vector<double> values_of(const SuiteResults& results, const std::string& variant, const Measure& measure);
/// Differences a - b over the seeds that both have.
std::vector<double> paired(const SuiteResults& results, const std::string& a, const std::string& b,
                           const Measure& measure);

/// Accuracies by row with their spread over seeds, differences to "no projector", spectra, and the paper's figures.
SuiteResult::Table accuracy_table(const SuiteResults& results, const std::vector<Row>& rows,
                                  const std::string& caption);

/// "P(DirectCLR > linear) = 0.93: 1.2 points on average over 3 seeds; the paper: 62.7 and 61.1." `unit`: "points".
std::string ordering(const SuiteResults& results, const Row& above, const Row& below);

/// The same for a measure that the paper gives no number for: "P(a has more NAME than b) = ...: MEAN against MEAN".
std::string comparison(const SuiteResults& results, const Variant& above, const Variant& below, const Measure& measure,
                       const std::string& name);

/// "54.2 ± 0.3", "54.2 (one seed)", why there is none, or "–" when runs lack this measure: mean and standard deviation
/// over seeds.
std::string cell(const SuiteResults& results, const std::string& variant, const Measure& measure, int digits);
/// The same with the interval of the mean: "54.2 ± 0.3 [53.9, 54.5]".
std::string cell_with_interval(const SuiteResults& results, const std::string& variant, const Measure& measure,
                               int digits);

/// Curves of a layer's spectrum, one a variant: the geometric mean over seeds, with the range as a band.
report::Figure spectra_figure(const SuiteResults& results, const std::vector<Variant>& variants,
                              const std::string& layer, const std::string& title);

}  // namespace directclr::paper
