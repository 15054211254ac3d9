#include "directclr/spectrum/measures.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::spectrum {
namespace {

std::string of_dimensions(double value, const SpectrumSummary& s) {
  return format("%.1f of %lld", value, static_cast<long long>(s.dimensions()));
}

std::string list(const std::vector<int64_t>& numbers) {
  std::vector<std::string> words;
  for (const int64_t number : numbers) {
    if (words.size() == 12) {
      words.emplace_back("...");
      break;
    }
    words.push_back(std::to_string(number));
  }
  return words.empty() ? "" : " (" + join(words) + ")";
}

}  // namespace

std::vector<Measure> measures_of(const SpectrumSummary& s) {
  const auto& law = s.power_law;
  return {
      {"effective-rank", of_dimensions(s.effective_rank_lambda, s), s.effective_rank_lambda,
       "exp of the entropy of lambda_k / sum lambda, eigenvalues of the centred covariance (the variance form)",
       "weighs the large eigenvalues: a dead tail hardly shows in it. Roy & Vetterli's own form uses singular values"},
      {"effective-rank-sigma", of_dimensions(s.effective_rank_sigma, s), s.effective_rank_sigma,
       "exp of the entropy of sigma_k / sum sigma, singular values of the centred rows (Roy & Vetterli 2007)",
       "larger than the variance form for the same spectrum: compare like with like"},
      {"rankme", of_dimensions(s.rankme, s), s.rankme,
       "exp of the entropy of sigma_k(Z) / sum sigma, rows as they are, not centred (Garrido et al. 2023)",
       "epsilon is 0 here, 1e-7 in the paper and 1e-5 in some libraries, which can lift it above D; meant to compare "
       "runs "
       "of one method; others centre, or take eigenvalues, under the same name"},
      {"participation-ratio", of_dimensions(s.participation_ratio, s), s.participation_ratio,
       "(sum lambda)^2 / sum lambda^2", "from few rows too small: 1 / PR measured is about 1 / PR + 1 / N"},
      {"stable-rank", of_dimensions(s.stable_rank, s), s.stable_rank,
       "sum lambda / lambda_1 of the centred covariance; the same number as NESum (He & Ozay 2022)",
       "one strong direction alone makes it small"},
      {"cumulative-area",
       format("%.4f (flat %.4f, one direction 1)", s.cumulative_area,
              s.dimensions() > 0 ? 0.5 + 0.5 / static_cast<double>(s.dimensions()) : 0.0),
       s.cumulative_area,
       "mean over j of sum of the j largest sigma / sum sigma (Li, Efros & Pathak 2022, Eqn 2; sigma, not squared)",
       "goes from (D + 1) / 2D for a flat spectrum to 1 for complete collapse", false},
      {"alpha",
       format("%.3f, R^2 %.3f over ranks %lld to %lld", law.alpha, law.r2, static_cast<long long>(law.first),
              static_cast<long long>(law.last)),
       law.alpha,
       "lambda_j ~ j^-alpha, least squares of the logarithms with weights 1 / j (alpha-ReQ, Agrawal et al. 2022)",
       "the range of ranks decides much, even the sign of its relation to accuracy; near 1 is called good; look at R^2",
       false},
      {"condition-number", format("%.3g", s.condition_number), s.condition_number, "lambda_1 / lambda_D",
       "infinite as soon as one direction is dead, and always from fewer rows than dimensions", false},
      {"dead-directions",
       format("%lld of %lld below 1e-4 of the largest eigenvalue (%lld below 1e-2, %lld below 1e-6)",
              static_cast<long long>(s.below_1e_4), static_cast<long long>(s.dimensions()),
              static_cast<long long>(s.below_1e_2), static_cast<long long>(s.below_1e_6)),
       static_cast<double>(s.below_1e_4), "eigenvalues below a share of the largest",
       "depends on the share; from N rows at least D - N + 1 are 0", false},
      {"constant-dimensions", format("%zu", s.constant.size()) + list(s.constant),
       static_cast<double>(s.constant.size()),
       "columns whose variance is below 1e-12 of the columns' mean variance: units that are off for every image",
       "collapse need not follow the axes: look at the eigenvalues too", false},
      {"normalized-std", format("%.3f (isotropic 1, all rows alike 0)", s.normalized_std), s.normalized_std,
       "mean over dimensions of the standard deviation of z / |z|, times sqrt(D) (SimSiam, Sec. 4.1)",
       "sees complete collapse, not dimensional collapse; of the columns: a rotation of the features changes it"},
      {"mean-cosine", format("%.4f (all rows alike 1)", s.mean_cosine), s.mean_cosine,
       "length of the mean of z / |z|: the mean cosine of the rows with their mean direction",
       "a large mean brings it near 1 whatever varies about it; says nothing of dimensional collapse", false},
  };
}

std::vector<Measure> compatible_measures(const SpectrumSummary& s, const std::string& tool) {
  std::vector<double> sigma(s.uncentred);
  for (double& value : sigma) value = std::sqrt(value);
  const auto dimensions = static_cast<double>(std::min(s.samples, s.dimensions()));
  const auto measure = [&](const char* name, double value, const char* definition, const char* caveat) {
    return Measure{tool + " " + name, format("%.4f", value), value, definition, caveat};
  };
  if (tool == "rankme-paper") {
    return {measure("rankme", rankme(sigma, 1e-7), "RankMe with the paper's epsilon for float32, 1e-7",
                    "25,600 rows there")};
  }
  if (tool == "stable-pretraining") {
    return {measure("rankme", rankme(sigma, 1e-5), "RankMe with epsilon 1e-5 (its PyTorch callback)",
                    "the epsilon lifts it, in many dimensions above their number; there of a queue of training rows")};
  }
  if (tool == "reptrix") {
    return {measure("rankme", rankme(s.values, 1e-7), "of the centred covariance's eigenvalues, epsilon 1e-7",
                    "squares where the paper has singular values, and centres")};
  }
  if (tool == "google") {
    return {measure("rankme", rankme(sigma, 1e-12), "RankMe with epsilon 1e-12", ""),
            measure("stable-rank", stable_rank(s.uncentred), "sum sigma^2 / sigma_1^2, not centred", "the mean counts"),
            measure("nesum", stable_rank(s.values), "sum lambda / lambda_1 of the covariance", "")};
  }
  if (tool == "lightly") {
    return {measure("rankme", rankme(sigma, 1e-12) / dimensions, "RankMe with epsilon 1e-12, over min(N, D)",
                    "a share, where others give a number of dimensions")};
  }
  throw InputError("--compat", "'" + tool + "' is not known",
                   "allowed: rankme-paper | stable-pretraining | reptrix | google | lightly");
}

std::vector<Floor> parse_floors(const std::string& text, const std::string& option) {
  std::vector<std::string> names;
  for (const auto& measure : measures_of({})) {
    if (measure.more_is_healthier) names.push_back(measure.name);
  }
  std::vector<Floor> floors;
  for (const auto& piece : split(text, ',')) {
    const auto parts = split(piece, '=');
    Floor floor{parts[0] == "rank" ? "effective-rank" : parts[0]};
    if (std::find(names.begin(), names.end(), floor.measure) == names.end()) {
      throw InputError(option, "'" + parts[0] + "' is no measure that has a floor", "allowed: rank, " + join(names));
    }
    std::string number = parts.size() == 2 ? parts[1] : "";
    floor.of_dimensions = number.ends_with("D");
    if (floor.of_dimensions) number.pop_back();
    if (!parse_double(number, floor.value) || !std::isfinite(floor.value)) {
      throw InputError(option, "'" + piece + "' gives no number", "write rank=50 or rank=0.1D");
    }
    floors.push_back(floor);
  }
  return floors;
}

std::vector<std::string> under_floors(const SpectrumSummary& summary, const std::vector<Floor>& floors) {
  std::vector<std::string> lines;
  const auto measures = measures_of(summary);
  for (const auto& floor : floors) {
    const auto measure =
        std::find_if(measures.begin(), measures.end(), [&](const auto& m) { return m.name == floor.measure; });
    const double least = floor.value * (floor.of_dimensions ? static_cast<double>(summary.dimensions()) : 1);
    if (measure->value >= least) continue;
    lines.push_back(format("%s is %.4g, under %.4g", floor.measure.c_str(), measure->value, least));
  }
  return lines;
}

}  // namespace directclr::spectrum
