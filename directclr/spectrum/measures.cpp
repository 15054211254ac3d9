#include "directclr/spectrum/measures.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"

namespace directclr::spectrum {
namespace {

constexpr const char* kNeedsRows = "it needs the rows themselves, not their covariance alone";

std::string of_dimensions(const SpectrumSummary& s, double value) {
  return format("%.1f of %lld", value, static_cast<long long>(s.dimensions()));
}

std::string area_text(const SpectrumSummary& s, double value) {
  const auto dimensions = static_cast<double>(s.dimensions());
  return format("%.4f (flat %.4f, one direction 1)", value, dimensions > 0 ? 0.5 + 0.5 / dimensions : 0.0);
}

std::string power_law_text(const SpectrumSummary& s, double value) {
  const auto& law = s.power_law;
  return format("%.3f, R^2 %.3f over ranks %lld to %lld", value, law.r2, static_cast<long long>(law.first),
                static_cast<long long>(law.last));
}
void add_power_law(const SpectrumSummary& s, Json& object) {
  object["alpha-r2"] = s.power_law.r2;
  object["alpha-ranks"] = Json::array({s.power_law.first, s.power_law.last});
}

std::string why_no_power_law(const SpectrumSummary& s) {
  const auto positive = std::count_if(s.values.begin(), s.values.end(), [&](double value) { return value > s.floor; });
  const bool hidden = !s.values.empty() && s.values.back() > 0 && s.values.back() <= s.floor;
  return format("its ranks 11 to 100 hold fewer than 3 of the %lld eigenvalues above %s",
                static_cast<long long>(positive), hidden ? "what rounding can make" : "0");
}

std::string why_no_condition(const SpectrumSummary& s) {
  if (s.values.empty() || !(s.values.front() > 0)) return "all rows are the same";
  if (s.values.back() > 0) return "rounding hides the smallest eigenvalue";
  return format("infinite: %lld of %lld eigenvalues are 0",
                static_cast<long long>(std::count(s.values.begin(), s.values.end(), 0.0)),
                static_cast<long long>(s.dimensions()));
}

Json count_or_null(double count) { return std::isnan(count) ? Json() : Json(static_cast<int64_t>(count)); }

std::string why_no_count(const SpectrumSummary& s) {
  return format("rounding hides how much varies along %lld of %lld directions",
                static_cast<long long>(hidden_at(s, SpectrumSummary::kDead)), static_cast<long long>(s.dimensions()));
}

std::string dead_text(const SpectrumSummary& s, double) {
  const auto d = static_cast<long long>(s.dimensions());
  const auto other = [](double count, const char* share) {
    return (std::isnan(count) ? std::string("rounding hides those") : format("%.0f", count)) + " below " + share;
  };
  std::string text =
      format("%lld of %lld below 1/10,000 of the largest eigenvalue (", static_cast<long long>(s.below_1e_4), d) +
      other(dead_at(s, 1e-2, s.below_1e_2), "1/100") + ", " + other(dead_at(s, 1e-6, s.below_1e_6), "1/1,000,000") +
      ")";
  if (s.samples > 0 && s.samples <= s.dimensions()) {
    text += format(", %lld of them for want of rows", d - static_cast<long long>(s.samples) + 1);
  }
  return text;
}
void add_other_thresholds(const SpectrumSummary& s, Json& object) {
  object["dead-directions-1e-2"] = count_or_null(dead_at(s, 1e-2, s.below_1e_2));
  object["dead-directions-1e-6"] = count_or_null(dead_at(s, 1e-6, s.below_1e_6));
}

void add_spread(const SpectrumSummary& s, Json& object) { object["direction-spread"] = s.direction_spread; }

// Of rows, which a covariance alone is not.
std::string why_no_direction(const SpectrumSummary& s) {
  const bool of_zeros = s.samples > 0 && !s.values.empty() && !(s.values.front() > 0);
  return of_zeros ? "all rows are 0, and have no direction" : kNeedsRows;
}

std::string why_no_area(const SpectrumSummary&) { return "all rows are the same"; }

std::string constant_text(const SpectrumSummary& s, double) {
  std::vector<std::string> words;
  for (const int64_t number : s.constant) {
    if (words.size() == 12) {
      words.emplace_back("...");
      break;
    }
    words.push_back(std::to_string(number));
  }
  return format("%zu", s.constant.size()) + (words.empty() ? "" : " (" + join(words) + ")");
}

}  // namespace

const Table<MeasureKind>& measure_kinds() {
  using Healthier = MeasureKind::Healthier;
  using From = MeasureKind::From;
  using Summary = SpectrumSummary;
  static const Table<MeasureKind> kinds(
      "measure",
      {
          {.name = "effective-rank",
           .definition =
               "exp of the entropy of lambda_k / sum lambda, eigenvalues of the centred covariance (the variance form)",
           .caveat = "weighs the large eigenvalues: a dead tail hardly shows in it",
           .elsewhere = "often called effective rank without saying which; Roy & Vetterli's own form uses singular "
                        "values",
           .value = [](const Summary& s) { return s.effective_rank_lambda; },
           .text = of_dimensions,
           .jackknife = true,
           .short_name = "rank"},
          {.name = "effective-rank-sigma",
           .definition = "exp of the entropy of sigma_k / sum sigma, singular values of the centred rows (Roy & "
                         "Vetterli 2007)",
           .caveat = "larger than the variance form for the same spectrum: compare like with like",
           .value = [](const Summary& s) { return s.effective_rank_sigma; },
           .text = of_dimensions,
           .jackknife = true},
          {.name = "rankme",
           .definition = "exp of the entropy of sigma_k(Z) / sum sigma, rows as they are, not centred (Garrido et al. "
                         "2023)",
           .caveat = "meant to compare runs of one method",
           .elsewhere = "epsilon is 0 here, 1e-7 in the paper and 1e-5 in some libraries, which can lift it above D; "
                        "others centre, or take eigenvalues, under the same name",
           .from = From::kUncentred,
           .value = [](const Summary& s) { return s.rankme; },
           .text = of_dimensions,
           .stays = {.translation = false}},
          {.name = "participation-ratio",
           .definition = "(sum lambda)^2 / sum lambda^2",
           .caveat = "from few rows too small: 1 / PR measured is about 1 / PR + 1 / N",
           .value = [](const Summary& s) { return s.participation_ratio; },
           .text = of_dimensions,
           .jackknife = true},
          {.name = "stable-rank",
           .definition = "sum lambda / lambda_1 of the centred covariance",
           .caveat = "one strong direction alone makes it small",
           .elsewhere = "the same number as NESum (He & Ozay 2022)",
           .value = [](const Summary& s) { return s.stable_rank; },
           .text = of_dimensions,
           .jackknife = true},
          {.name = "components-90",
           .definition =
               "the smallest k for which the k largest lambda hold 0.9 sum lambda (PC-ID, Ansuini et al. 2019)",
           .caveat = "depends on the 0.9; the tail, where dimensional collapse begins, is left out",
           .elsewhere = "0.95 or 0.99 of the variance",
           .value = [](const Summary& s) { return static_cast<double>(components_holding(s.values, 0.9)); },
           .text = [](const Summary& s,
                      double value) { return format("%.0f of %lld", value, static_cast<long long>(s.dimensions())); },
           .json = [](const Summary& s) { return Json(components_holding(s.values, 0.9)); }},
          {.name = "cumulative-area",
           .definition = "mean over j of sum of the j largest sigma / sum sigma (Li, Efros & Pathak 2022, Eqn 2)",
           .caveat = "goes from (D + 1) / 2D for a flat spectrum to 1 where one direction has all",
           .elsewhere = "called explained variance, although it sums sigma, not its square",
           .value = [](const Summary& s) { return s.cumulative_area; },
           .text = area_text,
           .healthier = Healthier::kLess,
           .jackknife = true,
           .why_none = why_no_area},
          {.name = "alpha",
           .definition = "lambda_j ~ j^-alpha, least squares of the logarithms with weights 1 / j, ranks 11 to 100 "
                         "(alpha-ReQ, Agrawal et al. 2022)",
           .caveat = "the range of ranks decides much, even the sign of its relation to accuracy; near 1 is called "
                     "good; look at R^2",
           .elsewhere = "other ranges of ranks",
           .value = [](const Summary& s) { return s.power_law.alpha; },
           .text = power_law_text,
           .healthier = Healthier::kLess,
           .jackknife = true,
           .why_none = why_no_power_law,
           .further = add_power_law},
          {.name = "condition-number",
           .definition = "lambda_1 / lambda_D",
           .caveat = "infinite as soon as one eigenvalue is 0, as always from no more rows than dimensions",
           .value = [](const Summary& s) { return s.condition_number; },
           .text = [](const Summary&, double value) { return format("%.3g", value); },
           .healthier = Healthier::kLess,
           .why_none = why_no_condition},
          {.name = "dead-directions",
           .definition = "how many eigenvalues are below 1/10,000 of the largest",
           .caveat =
               "depends on where that line is; from N rows at least D - N + 1 are 0; no value where rounding hides "
               "on which side of it some lie",
           .elsewhere = "other fractions of the largest",
           .value = dead_directions,
           .text = dead_text,
           .healthier = Healthier::kLess,
           .json = [](const Summary& s) { return count_or_null(dead_directions(s)); },
           .why_none = why_no_count,
           .further = add_other_thresholds,
           .short_name = "dead"},
          {.name = "constant-dimensions",
           .definition = "columns whose variance is below 1e-12 of the columns' mean variance: units that are off for "
                         "every image",
           .caveat = "collapse need not follow the axes: look at the eigenvalues too",
           .from = From::kVariances,
           .value = [](const Summary& s) { return static_cast<double>(s.constant.size()); },
           .text = constant_text,
           .healthier = Healthier::kLess,
           .stays = {.rotation = false},
           .json = [](const Summary& s) { return Json(s.constant); }},
          {.name = "normalized-std",
           .definition = "mean over dimensions of the standard deviation of z / |z|, times sqrt(D) (SimSiam, Sec. 4.1)",
           .caveat = "sees complete collapse, not dimensional collapse; of the columns: a rotation of the features "
                     "changes it",
           .elsewhere = "without the factor",
           .from = From::kDirections,
           .value = [](const Summary& s) { return s.normalized_std; },
           .text = [](const Summary&, double value) { return format("%.3f (isotropic 1, all rows alike 0)", value); },
           .stays = {.rotation = false, .translation = false},
           .why_none = why_no_direction},
          {.name = "mean-cosine",
           .definition = "length of the mean of z / |z|: the mean cosine of the rows with their mean direction",
           .caveat = "a large mean brings it near 1 whatever varies about it; says nothing of dimensional collapse",
           .from = From::kDirections,
           .value = [](const Summary& s) { return s.mean_cosine; },
           .text = [](const Summary&, double value) { return format("%.4f (all rows alike 1)", value); },
           .healthier = Healthier::kLess,
           .stays = {.translation = false},
           .why_none = why_no_direction,
           .further = add_spread},
      });
  return kinds;
}

std::string reason_of(const MeasureKind& kind, const SpectrumSummary& s) {
  if (std::isfinite(kind.value(s))) return "";
  if (kind.why_none) return kind.why_none(s);
  return kNeedsRows;
}

Measure with_reason(Measure measure, const std::string& reason) {
  if (std::isfinite(measure.value)) return measure;
  measure.reason = reason;
  measure.text = "no value: " + reason;
  return measure;
}

std::vector<Measure> measures_of(const SpectrumSummary& s) {
  std::vector<Measure> all;
  for (const auto& kind : measure_kinds()) {
    const double value = kind.value(s);
    const std::string caveat = kind.elsewhere.empty() ? kind.caveat : kind.caveat + "; elsewhere: " + kind.elsewhere;
    Measure measure = {kind.name, kind.text(s, value),
                       value,     kind.definition,
                       caveat,    kind.healthier == MeasureKind::Healthier::kMore};
    all.push_back(with_reason(std::move(measure), reason_of(kind, s)));
  }
  return all;
}

Json measures_object(const SpectrumSummary& s) {
  Json object = Json::object();
  for (const auto& kind : measure_kinds()) {
    object[kind.name] = kind.json ? kind.json(s) : Json(kind.value(s));
    if (kind.further) kind.further(s, object);
    if (const std::string reason = reason_of(kind, s); !reason.empty()) object["reasons"][kind.name] = reason;
  }
  return object;
}

namespace {

Measure compatible(const char* name, double value, const char* definition, const char* caveat) {
  return {name, format("%.4f", value), value, definition, caveat};
}

// RankMe of the rows as they are.
double uncentred_rankme(const SpectrumSummary& s, double epsilon) {
  std::vector<double> sigma(s.uncentred);
  for (double& value : sigma) value = std::sqrt(value);
  return rankme(sigma, epsilon);
}

std::vector<Measure> of_rankme_paper(const SpectrumSummary& s) {
  return {compatible("rankme", uncentred_rankme(s, 1e-7), "RankMe with the paper's epsilon for float32, 1e-7",
                     "25,600 rows there")};
}
std::vector<Measure> of_stable_pretraining(const SpectrumSummary& s) {
  return {compatible("rankme", uncentred_rankme(s, 1e-5), "RankMe with epsilon 1e-5 (its PyTorch callback)",
                     "the epsilon lifts it, in many dimensions above their number; there of a queue of training rows")};
}
std::vector<Measure> of_reptrix(const SpectrumSummary& s) {
  return {compatible("rankme", rankme(s.values, 1e-7), "of the centred covariance's eigenvalues, epsilon 1e-7",
                     "squares where the paper has singular values, and centres")};
}
std::vector<Measure> of_google(const SpectrumSummary& s) {
  return {
      compatible("rankme", uncentred_rankme(s, 1e-12), "RankMe with epsilon 1e-12", ""),
      compatible("stable-rank", stable_rank(s.uncentred), "sum sigma^2 / sigma_1^2, not centred", "the mean counts"),
      compatible("nesum", stable_rank(s.values), "sum lambda / lambda_1 of the covariance", "")};
}
std::vector<Measure> of_lightly(const SpectrumSummary& s) {
  const auto dimensions = static_cast<double>(std::min(s.samples, s.dimensions()));
  return {compatible("rankme", uncentred_rankme(s, 1e-12) / dimensions, "RankMe with epsilon 1e-12, over min(N, D)",
                     "a share, where others give a number of dimensions")};
}

}  // namespace

const Table<CompatTool>& compat_tools() {
  static const Table<CompatTool> tools("--compat",
                                       {{"rankme-paper", "RankMe's paper", of_rankme_paper},
                                        {"stable-pretraining", "its PyTorch callback", of_stable_pretraining},
                                        {"reptrix", "the package reptrix", of_reptrix},
                                        {"google", "google-research, graph_embedding/metrics", of_google},
                                        {"lightly", "RankMe over min(N, D)", of_lightly}});
  return tools;
}

std::vector<Measure> compatible_measures(const SpectrumSummary& s, const std::string& tool) {
  std::vector<Measure> measures = compat_tools().at(tool).measures(s);
  for (auto& measure : measures) measure.name = tool + " " + measure.name;
  return measures;
}

}  // namespace directclr::spectrum
