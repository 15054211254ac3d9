#include "directclr/spectrum/verdict.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"

namespace directclr::spectrum {
namespace {

const VerdictKind& entry_of(Verdict::Kind kind) {
  return *std::find_if(verdict_kinds().begin(), verdict_kinds().end(),
                       [kind](const VerdictKind& entry) { return entry.kind == kind; });
}

// What dead directions amount to; nothing of too few rows that do not tell.
void judge_dead(const SpectrumSummary& s, const VerdictSettings& settings, Verdict& v) {
  const auto n = static_cast<long long>(s.samples), d = static_cast<long long>(s.dimensions());
  const double enough = settings.rows_per_dimension * static_cast<double>(d);
  const bool few = static_cast<double>(n) < enough;
  v.dead = few ? d - live_directions_at_most(s, settings.dead_below) : count_below(s.values, settings.dead_below);
  const auto dead = static_cast<long long>(v.dead);
  const std::string share = share_text(settings.dead_below);
  if (v.dead > 0 && static_cast<double>(v.dead) >= settings.collapsed_share * static_cast<double>(d)) {
    v.kind = Verdict::Kind::kDimensionalCollapse;
    v.text = few ? format(
                       "%lld rows are few for %lld dimensions, but at most about %lld directions would have %s of the "
                       "largest variance or more, however many rows were added: at least %lld are dead",
                       n, d, d - dead, share.c_str(), dead)
                 : format("%lld of %lld directions, those from rank %lld on, have less than %s of the largest variance",
                          dead, d, d - dead + 1, share.c_str());
  } else if (few) {
    v.kind = Verdict::Kind::kTooFewRows;
    v.text = format(
        "%lld rows of %lld dimensions: take at least %.0f to count dead directions, since fewer leave small "
        "eigenvalues by chance alone; the effective rank of more rows may be above this one",
        n, d, enough);
  } else {
    v.text =
        format("%lld of %lld directions have less than %s of the largest variance; from %g %% on it counts as collapse",
               dead, d, share.c_str(), 100 * settings.collapsed_share);
  }
}

}  // namespace

const Table<VerdictKind>& verdict_kinds() {
  using Kind = Verdict::Kind;
  static const Table<VerdictKind> kinds(
      "verdict", {{"healthy", Kind::kHealthy, "healthy"},
                  {"one-direction", Kind::kOneDirection, "almost one direction", 1},
                  {"dimensional-collapse", Kind::kDimensionalCollapse, "dimensional collapse", 2, /*collapse=*/true},
                  {"complete-collapse", Kind::kCompleteCollapse, "complete collapse", 3,
                   /*collapse=*/true},
                  {"too-few-rows", Kind::kTooFewRows, "too few rows to tell"}});
  return kinds;
}

std::string Verdict::name() const { return entry_of(kind).text; }

double angular_spread(const SpectrumSummary& s) {
  if (std::isnan(s.mean_cosine)) return s.mean_cosine;
  return std::sqrt(std::max(0.0, (1 - s.mean_cosine) * (1 + s.mean_cosine)));
}

int64_t live_directions_at_most(const SpectrumSummary& s, double dead_below) {
  const double largest = s.values.empty() ? 0 : s.values.front();
  if (!(largest > 0)) return 0;
  const auto n = static_cast<double>(s.samples);
  const double inflation = std::pow(1 + std::sqrt(stable_rank(s.values) / n), 2);
  const double threshold = dead_below * largest / inflation;
  double rest = std::accumulate(s.values.begin(), s.values.end(), 0.0);
  double least = static_cast<double>(s.dimensions());
  for (size_t m = 0; m < s.values.size() && 2 * static_cast<double>(m) < n; ++m) {
    const auto leading = static_cast<double>(m);
    least = std::min(least, leading + std::max(rest, 0.0) / (1 - leading / (n - 1)) / threshold);
    rest = s.values[m] > 0 ? rest - s.values[m] : 0;
  }
  return std::clamp(static_cast<int64_t>(least), int64_t{1}, s.dimensions());
}

Verdict verdict(const SpectrumSummary& s, const VerdictSettings& settings) {
  Verdict v;
  if (s.values.empty() || !(s.values.front() > 0)) {
    v.kind = Verdict::Kind::kCompleteCollapse;
    v.dead = s.dimensions();
    v.text = "all rows are the same";
    return v;
  }
  judge_dead(s, settings, v);
  const double spread = angular_spread(s);
  if (spread < settings.one_direction_below) {
    if (v.kind == Verdict::Kind::kHealthy) v.kind = Verdict::Kind::kOneDirection;
    v.text += format(
        "; the rows point almost the same way: their directions lie %.2g from their mean (below %g), which is large "
        "beside what varies about it. A loss of cosines hardly tells them apart",
        spread, settings.one_direction_below);
  }
  if (!s.constant.empty()) {
    v.text += s.constant.size() == 1 ? "; 1 dimension never varies"
                                     : format("; %zu dimensions never vary", s.constant.size());
  }
  if (s.floor > settings.dead_below * s.values.front()) {
    v.text +=
        format("; rounding hides what is below %.1g of the largest variance: of smaller directions this says nothing",
               s.floor / s.values.front());
  }
  return v;
}

}  // namespace directclr::spectrum
