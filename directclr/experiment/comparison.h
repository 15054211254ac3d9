#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "directclr/experiment/results.h"
#include "directclr/experiment/variant.h"

namespace directclr::experiment {

/// A variant as a row of a table, and the number that a publication has for it.
struct Row {
  Variant variant;
  double published_top1 = NAN;  ///< per cent; NaN: none
};

/// A number of a run, NaN where it has none.
using Measure = std::function<double(const RunRecord&)>;
double probe_top1(const RunRecord& run);  ///< per cent
double knn_top1(const RunRecord& run);    ///< per cent
/// A value of one layer's spectrum ("representation", "embedding").
Measure of_spectrum(const std::string& layer, double (*value)(const report::SpectrumResult&));
double lambda_rank(const report::SpectrumResult& spectrum);  ///< effective rank of the eigenvalues, 1 .. their number
double dead_count(const report::SpectrumResult& spectrum);   ///< spectrum::dead_directions
/// Of the representation's spectrum.
double dead_directions(const RunRecord& run);
double effective_rank(const RunRecord& run);

/// The values that a variant's finished runs have, by seed.
std::vector<double> values_of(const Results& results, const std::string& variant, const Measure& measure);
/// Paired differences a - b, one for each seed that both have.
std::vector<double> paired(const Results& results, const std::string& a, const std::string& b, const Measure& measure);

/// Of fewer seeds no probability is said: two that agree do so by chance as often as two coins.
constexpr size_t kFewestSeeds = 3;

/// "one seed", "3 seeds".
std::string seeds_text(size_t count);

/// "> 0.99", "0.93" or "< 0.01": the probability that the mean of kFewestSeeds or more paired differences is above 0;
/// "–" of fewer.
std::string probability_text(const std::vector<double>& differences);
/// "+1.20 ± 0.30", "+1.20" of one difference, "–" of none: mean and standard deviation.
std::string difference_text(const std::vector<double>& differences);

/// "P(DirectCLR > linear) = 0.93: +1.20 points on average over 3 seeds; the paper: 62.7 and 61.1." Without the
/// publication's numbers where a row has none.
std::string ordering(const Results& results, const Row& above, const Row& below);

/// The same for another measure: "P(a has more NAME than b) = ...: MEAN against MEAN".
std::string comparison(const Results& results, const Variant& above, const Variant& below, const Measure& measure,
                       const std::string& name);

/// "54.2 ± 0.3", "54.2 (one seed)", why there is none ("not run", "failed"), or "–" when runs lack this measure: mean
/// and standard deviation over seeds.
std::string cell(const Results& results, const std::string& variant, const Measure& measure, int digits);
/// The same with the 95 % interval of the mean: "54.2 ± 0.3 [53.9, 54.5]".
std::string cell_with_interval(const Results& results, const std::string& variant, const Measure& measure, int digits);

}  // namespace directclr::experiment
