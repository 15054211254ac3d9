#include "directclr/spectrum/verdict.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"

namespace directclr::spectrum {

std::string Verdict::name() const {
  switch (kind) {
    case Kind::kHealthy: return "healthy";
    case Kind::kDimensionalCollapse: return "dimensional collapse";
    case Kind::kCompleteCollapse: return "complete collapse";
    case Kind::kTooFewRows: return "too few rows to tell";
  }
  return "";
}

double angular_spread(const SpectrumSummary& s) {
  if (std::isnan(s.mean_cosine)) return s.mean_cosine;
  return std::sqrt(std::max(0.0, (1 - s.mean_cosine) * (1 + s.mean_cosine)));
}

Verdict verdict(const SpectrumSummary& s, const VerdictSettings& settings) {
  Verdict v;
  const auto n = static_cast<long long>(s.samples), d = static_cast<long long>(s.dimensions());
  v.dead = count_below(s.values, settings.dead_below);
  const bool varies = !s.values.empty() && s.values.front() > 0;
  const double spread = angular_spread(s);
  if (!varies || spread < settings.complete_below) {
    v.kind = Verdict::Kind::kCompleteCollapse;
    v.text = varies ? format(
                          "all rows point almost the same way: their directions lie %.4f from their mean (below %g; "
                          "mean cosine %.6f)",
                          spread, settings.complete_below, s.mean_cosine)
                    : "all rows are the same";
    if (varies && v.dead > 0) {
      v.text += format("; about that mean %lld of %lld directions have less than %g of the largest variance",
                       static_cast<long long>(v.dead), d, settings.dead_below);
    }
  } else if (static_cast<double>(n) < settings.rows_per_dimension * static_cast<double>(d)) {
    v.kind = Verdict::Kind::kTooFewRows;
    v.text =
        format("%lld rows of %lld dimensions: take at least %.0f, since fewer leave small eigenvalues by chance alone",
               n, d, settings.rows_per_dimension * static_cast<double>(d));
  } else if (v.dead > 0 && static_cast<double>(v.dead) >= settings.collapsed_share * static_cast<double>(d)) {
    v.kind = Verdict::Kind::kDimensionalCollapse;
    v.text = format("%lld of %lld directions, those from rank %lld on, have less than %g of the largest variance",
                    static_cast<long long>(v.dead), d, d - static_cast<long long>(v.dead) + 1, settings.dead_below);
  } else {
    v.text = format("%lld of %lld directions have less than %g of the largest variance, under %g of all",
                    static_cast<long long>(v.dead), d, settings.dead_below, settings.collapsed_share);
  }
  if (!s.constant.empty()) v.text += format("; %zu dimensions never vary", s.constant.size());
  return v;
}

}  // namespace directclr::spectrum
