#include "directclr/spectrum/verdict.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"

namespace directclr::spectrum {
namespace {

// What dead directions amount to; nothing of too few rows, or too coarse numbers, that do not tell.
void judge_dead(const SpectrumSummary& s, const VerdictSettings& settings, Verdict& v) {
  const auto n = static_cast<long long>(s.samples), d = static_cast<long long>(s.dimensions());
  const double enough = settings.rows_per_dimension * static_cast<double>(d);
  const bool few = static_cast<double>(n) < enough;
  const auto makes_collapse = [&](int64_t directions) {
    return directions > 0 && static_cast<double>(directions) >= settings.collapsed_share * static_cast<double>(d);
  };
  const std::string share = share_text(settings.dead_below), of_all = format("of %lld ", d) + plural(d, "direction");
  const bool coarse = s.floor > settings.dead_below * s.values.front();
  const int64_t hidden = hidden_at(s, settings.dead_below);
  if (!coarse)
    v.dead = few ? d - live_directions_at_most(s, settings.dead_below) : count_below(s.values, settings.dead_below);
  const auto dead = static_cast<long long>(v.dead);
  if (makes_collapse(hidden)) {
    v.kind = Verdict::Kind::kTooCoarse;
    v.text = s.values.front() > s.floor
                 ? format(
                       "%lld %s may be dead or not: rounding numbers as large as these alone can make %.2g of the "
                       "largest variance",
                       static_cast<long long>(hidden), of_all.c_str(), s.floor / s.values.front())
                 : std::string("the rows differ, but by no more than rounding numbers as large as these can make");
    v.text +=
        "; take rows of a finer type (float32 instead of 8 or 16 bits, else float64), or subtract their mean before "
        "they are rounded";
    return;
  }
  if (makes_collapse(v.dead)) {
    v.kind = Verdict::Kind::kDimensionalCollapse;
    v.text = few ? format(
                       "%lld rows are few for %lld %s, but at most about %lld %s would have %s of the largest "
                       "variance or more, however many rows were added: at least %lld %s dead",
                       n, d, plural(d, "dimension").c_str(), d - dead, plural(d - dead, "direction").c_str(),
                       share.c_str(), dead, are(dead))
                 : format("%lld %s, %s from rank %lld on, %s less than %s of the largest variance", dead,
                          of_all.c_str(), dead == 1 ? "that" : "those", d - dead + 1, have(dead), share.c_str());
    const double largest = s.values.front() / std::accumulate(s.values.begin(), s.values.end(), 0.0);
    if (largest > 0.5 && !s.l2_normalized) {
      v.text += format(
          "; one direction has %.0f %% of all variance, and beside it others look dead: it may be that of the rows' "
          "lengths, which a loss of cosines does not see. Look at rows scaled to length 1 too (l2-normalize)",
          100 * largest);
    }
  } else if (few) {
    v.kind = Verdict::Kind::kTooFewRows;
    v.text = format(
        "%lld %s of %lld %s: take at least %.0f to count dead directions, since fewer leave small eigenvalues by "
        "chance alone; the effective rank of more rows may be above this one",
        n, plural(n, "row").c_str(), d, plural(d, "dimension").c_str(), enough);
  } else {
    v.text = format("%lld %s %s less than %s of the largest variance; from %g %% on it counts as collapse", dead,
                    of_all.c_str(), have(dead), share.c_str(), 100 * settings.collapsed_share);
  }
  if (hidden > 0) {
    v.text += format("; %lld may be dead or not: rounding alone can make %.2g of the largest variance",
                     static_cast<long long>(hidden), s.floor / s.values.front());
  }
}

}  // namespace

const Table<VerdictKind>& verdict_kinds() {
  using Kind = Verdict::Kind;
  static const Table<VerdictKind> kinds(
      "verdict", {{"healthy", Kind::kHealthy, "healthy"},
                  {"one-direction", Kind::kOneDirection, "almost one direction", 1},
                  {"dimensional-collapse", Kind::kDimensionalCollapse, "dimensional collapse", 2, /*collapse=*/true},
                  {"complete-collapse", Kind::kCompleteCollapse, "complete collapse", 3, /*collapse=*/true},
                  {.name = "too-few-rows", .kind = Kind::kTooFewRows, .text = "too few rows to tell", .tells = false},
                  {.name = "too-coarse", .kind = Kind::kTooCoarse, .text = "too coarse to tell", .tells = false}});
  return kinds;
}

const VerdictKind& entry_of(Verdict::Kind kind) {
  return *std::find_if(verdict_kinds().begin(), verdict_kinds().end(),
                       [kind](const VerdictKind& entry) { return entry.kind == kind; });
}

std::string Verdict::name() const { return entry_of(kind).text; }

double angular_spread(const SpectrumSummary& s) {
  if (!std::isnan(s.direction_spread)) return s.direction_spread;
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
    const auto constant = static_cast<int64_t>(s.constant.size());
    v.text += "; " + counted(constant, "dimension") + (constant == 1 ? " never varies" : " never vary");
  }
  return v;
}

}  // namespace directclr::spectrum
