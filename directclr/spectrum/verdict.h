#pragma once

#include <string>

#include "directclr/core/settings.h"
#include "directclr/core/table.h"
#include "directclr/spectrum/summary.h"

namespace directclr::spectrum {

/// Where the lines are drawn.
struct VerdictSettings {
  double dead_below = 1e-4;
  double collapsed_share = 0.05;
  double one_direction_below = 0.05;
  double rows_per_dimension = 2;

  void describe(FieldList& f) {
    f.section("verdict");
    f.add("dead_below", dead_below, 1e-16, 0.5,
          "a direction is dead when its eigenvalue is below this fraction of the largest");
    f.add("collapsed_share", collapsed_share, 0, 1,
          "verdict 'dimensional collapse': at least this fraction of the directions is dead");
    f.add("one_direction_below", one_direction_below, 0, 1,
          "verdict 'almost one direction': the rows, scaled to length 1, have a root-mean-square distance below this "
          "from their mean");
    f.formerly("complete_below");
    f.add("rows_per_dimension", rows_per_dimension, 1, 1000,
          "with fewer rows than this for each dimension, only those directions count as dead that more rows could not "
          "bring to life");
  }
};

/// How far the directions z / |z| of the rows lie from their mean: the root of their mean squared distance,
/// sqrt(1 - mean_cosine^2). 0 when all point the same way, 1 when their mean vanishes. Rotations do not change it. Not
/// a number where the summary has no mean_cosine.
double angular_spread(const SpectrumSummary& summary);

/// An estimate from above of how many directions would not be dead, however many rows were added: of the eigenvalues
/// of N rows the m largest count, and of the rest's sum so many as it could hold at the threshold t lambda_1, the least
/// over m below N / 2 of
///     m + sum_{k > m} lambda_k / (1 - m / (N - 1)) / (t lambda_1 / (1 + sqrt(r / N))^2).
/// The m leading directions of a sample take m / (N - 1) of the variance outside them, and its largest eigenvalue is
/// too large by at most that square, r the stable rank (Koltchinskii and Lounici 2017). With more of them, the leading
/// directions are also those that vary most by chance, and what is left is far too little: of 256 rows of 256
/// dimensions whose variances fall as a power law to 1/5,000 it found 14 dead, where none is. 1 .. D; 0 when nothing
/// varies.
/// Does not depend on a rotation. Requires samples >= 2.
int64_t live_directions_at_most(const SpectrumSummary& summary, double dead_below);

/// What a summary amounts to. Rules, in this order; none depends on a rotation of the features:
///   - complete collapse: the rows are all the same
///   - too coarse to tell: of at least collapsed_share * D directions rounding hides whether they are dead (hidden_at).
///     Elsewhere those that it hides do not count as dead
///   - dimensional collapse: at least collapsed_share * D directions have an eigenvalue below dead_below * lambda_1.
///     Of fewer than rows_per_dimension * D rows it takes so many that D - live_directions_at_most() reach that share
///   - too few rows: N < rows_per_dimension * D. (At two a dimension chance alone leaves the smallest eigenvalue of an
///     isotropic sample at 3 % of the largest, by Marchenko and Pastur, far above 1e-4.)
///   - almost one direction: angular_spread < one_direction_below, a mean that is large beside what varies about it
///   - healthy: otherwise
/// The text names the last but one also where an earlier rule decides. Of dimensional collapse it says where one
/// direction has more than half of the variance of rows that are not normalised: their lengths may be all that varies.
struct Verdict {
  enum class Kind { kHealthy, kOneDirection, kDimensionalCollapse, kCompleteCollapse, kTooFewRows, kTooCoarse };
  Kind kind = Kind::kHealthy;
  int64_t dead = 0;          ///< directions; of too few rows those that are dead however many were added
  std::string text;          ///< a sentence or two
  std::string name() const;  ///< "healthy", "dimensional collapse", ...
};

/// Everything that is known of a kind of verdict: its names, for gates (spectrum/gates.h) and for texts and files, and
/// how bad it is.
struct VerdictKind {
  std::string name;  ///< "dimensional-collapse": on the command line
  Verdict::Kind kind;
  std::string text;  ///< "dimensional collapse": in texts and files
  int severity = 0;  ///< 0: nothing to warn of; the worst has the most
  bool collapse = false;
  bool tells = true;  ///< whether it is known how many directions are dead
};
/// Every verdict, by its name on the command line.
const Table<VerdictKind>& verdict_kinds();
/// The entry of a kind.
const VerdictKind& entry_of(Verdict::Kind kind);

/// The verdict by these rules.
Verdict verdict(const SpectrumSummary& summary, const VerdictSettings& settings);

}  // namespace directclr::spectrum
