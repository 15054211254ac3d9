#include "directclr/spectrum/geometry_measures.h"

#include <cmath>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/clusters.h"
#include "directclr/spectrum/neighbours.h"
#include "directclr/spectrum/similarity.h"

namespace directclr::spectrum {

namespace {

// Not a number where there are fewer distinct rows than neighbours.
struct Dimensions {
  double fit = NAN, likelihood = NAN, local = NAN;
  int64_t duplicates = 0;
  std::string reason;  // why those that are not finite are not
};

Dimensions intrinsic_dimensions(const array::Array& rows, int64_t neighbours, const Context& context) {
  const int64_t distinct = distinct_rows(rows).size(0);
  if (distinct < neighbours + 2) {
    return {.reason =
                format("%lld neighbours need %lld distinct rows, there are %lld", static_cast<long long>(neighbours),
                       static_cast<long long>(neighbours + 2), static_cast<long long>(distinct))};
  }
  const Neighbours nearest = nearest_neighbours(rows, neighbours, context);
  return {two_nn(nearest), two_nn_likelihood(nearest), local_dimension(nearest), nearest.duplicates,
          "neighbours are equally far from a row, as on a grid"};
}

}  // namespace

std::vector<Measure> neighbour_measures(const array::Array& rows, const Context& context) {
  const Dimensions found = intrinsic_dimensions(rows, 32, context);
  const double uniform = uniformity(rows);
  const int64_t n = rows.size(0);
  const double learnable = n >= 8 ? cluster_learnability(rows, /*seed=*/0, context) : NAN;
  const double chance = 1 / std::sqrt(static_cast<double>(n));
  const std::string repeated =
      found.duplicates > 0 ? format(" (%lld repeated rows left out)", static_cast<long long>(found.duplicates)) : "";
  return {
      with_reason({"uniformity", format("%.4f (0 all alike, %.4f uniform)", uniform, lowest_uniformity(rows.size(1))),
                   uniform, "log of the mean over pairs of exp(-2 |x - y|^2), rows L2-normalised (Wang & Isola 2020)",
                   "some libraries take t = 1, or both views at once", false},
                  "it needs two rows"),
      with_reason({"intrinsic-dimension", format("%.1f", found.fit) + repeated, found.fit,
                   "TwoNN (Facco et al. 2017): slope of -log(1 - F) over log(r2 / r1), the largest tenth left out",
                   "too small in many dimensions: a few thousand rows cannot show more than some twenty"},
                  found.reason),
      with_reason({"intrinsic-dimension-likelihood", format("%.1f", found.likelihood), found.likelihood,
                   "(N - 1) / sum log(r2 / r1)", "repeated rows, left out here, shift it by up to a fifth"},
                  found.reason),
      with_reason(
          {"cluster-learnability", format("%.3f (chance %.3f, clear clusters 1)", learnable, chance), learnable,
           "accuracy of a cosine nearest neighbour for the cluster of k-means, sqrt(N) clusters, from one half of the "
           "rows to the other (Lu et al. 2023)",
           "CLID adds it to the intrinsic dimension; their first version predicts each row from those before it"},
          format("it needs 8 rows, there are %lld", static_cast<long long>(n))),
      with_reason(
          {"local-dimension", format("%.1f (32 neighbours)", found.local), found.local,
           "geometric mean over rows of m / (r_k - m), m the mean distance of the k nearest (method of moments)",
           "depends on k and on the number of rows: LDReg takes neighbours within a batch, and m over k - 1"},
          found.reason),
  };
}

std::vector<Measure> view_measures(const array::Array& rows, int64_t views) {
  if (views < 2 || rows.size(0) % views != 0 || rows.size(0) < 2 * views) {
    throw InputError("--views", format("%lld rows are not two or more samples of %lld views",
                                       static_cast<long long>(rows.size(0)), static_cast<long long>(views)));
  }
  const double closeness = alignment(rows.slice(0, rows.size(0), views), rows.slice(1, rows.size(0), views));
  const double rank = lidar(rows, views);
  return {
      {"alignment", format("%.4f (0 alike, 2 unrelated)", closeness), closeness,
       "mean squared distance between two views of a sample, rows L2-normalised (Wang & Isola 2020)",
       "complete collapse makes it 0: read it beside uniformity", false},
      {"lidar", format("%.1f of %lld", rank, static_cast<long long>(rows.size(1))), rank,
       "exp of the entropy of the eigenvalues of S_w^-1/2 S_b S_w^-1/2, delta 1e-4 (Thilak et al. 2024)",
       "needs more samples than dimensions, and views of the same sample together; others group by labels"},
  };
}

}  // namespace directclr::spectrum
