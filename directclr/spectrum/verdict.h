#pragma once

#include <string>

#include "directclr/core/settings.h"
#include "directclr/spectrum/summary.h"

namespace directclr::spectrum {

/// Where the lines are drawn.
struct VerdictSettings {
  double dead_below = 1e-4;
  double collapsed_share = 0.05;
  double complete_below = 0.05;
  double rows_per_dimension = 2;

  void describe(FieldList& f) {
    f.section("verdict");
    f.add("dead_below", dead_below, 1e-16, 0.5,
          "a direction is dead when its eigenvalue is below this share of the largest");
    f.add("collapsed_share", collapsed_share, 0, 1,
          "dimensional collapse: at least this share of the directions is dead");
    f.add("complete_below", complete_below, 0, 1,
          "complete collapse: the rows' directions spread less than this about their mean, 1 - cosine^2 below its "
          "square");
    f.add("rows_per_dimension", rows_per_dimension, 1, 1000, "with fewer rows nothing is said of dead directions");
  }
};

/// How far the directions z / |z| of the rows lie from their mean: the root of their mean squared distance,
/// sqrt(1 - mean_cosine^2). 0 when all point the same way, 1 when their mean vanishes. Rotations do not change it. Not
/// a number where the summary has no mean_cosine.
double angular_spread(const SpectrumSummary& summary);

/// What a summary amounts to. Rules, in this order; none depends on a rotation of the features.
///   - complete collapse: the rows do not vary, or their directions do not: angular_spread < complete_below
///   - too few rows: N < rows_per_dimension * D. (At two a dimension chance alone leaves the smallest eigenvalue of an
///     isotropic sample at 3 % of the largest, by Marchenko and Pastur, far above 1e-4.)
///   - dimensional collapse: at least collapsed_share * D eigenvalues are below dead_below * lambda_1
///   - healthy: otherwise
struct Verdict {
  enum class Kind { kHealthy, kDimensionalCollapse, kCompleteCollapse, kTooFewRows };
  Kind kind = Kind::kHealthy;
  int64_t dead = 0;          ///< directions
  std::string text;          ///< a sentence or two
  std::string name() const;  ///< "healthy", "dimensional collapse", ...
};
/// The verdict by these rules.
Verdict verdict(const SpectrumSummary& summary, const VerdictSettings& settings);

}  // namespace directclr::spectrum
