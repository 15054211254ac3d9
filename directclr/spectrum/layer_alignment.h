#pragma once

#include <vector>

#include "directclr/array/array.h"
#include "directclr/linalg/svd.h"

namespace directclr::spectrum {

/// How two adjacent linear layers meet: A = V2^T U1, the left singular vectors of the first against the right ones of
/// the second (paper, Theorem 2 and Figure 5). The identity up to signs when the layers are aligned.
struct LayerAlignment {
  array::Array matrix;          ///< |A| (p, q) float64: p right vectors of the second, q left vectors of the first
  std::vector<double> first;    ///< singular values of the first layer, descending
  std::vector<double> second;   ///< of the second
  double leading_diagonal = 0;  ///< mean |A_kk| of the leading quarter of the pairs
  double off_diagonal = 0;      ///< mean |A_kl|, k != l
  double chance = 0;            ///< mean |A_kl| of random directions in so many dimensions: sqrt(2 / (pi m))
  /// Singular values whose neighbours lie within 1e-6 of the largest have no vectors of their own; with most of them
  /// so the alignment of a layer means nothing.
  bool distinct = true;
};

/// Requires: first (m, n) and second (p, m), floating, finite; throws std::invalid_argument otherwise.
LayerAlignment layer_alignment(const array::Array& first, const array::Array& second);
/// The same of layers whose singular vectors are known.
LayerAlignment layer_alignment(const linalg::Svd& first, const linalg::Svd& second);

/// Whether most of the positive singular values (descending) differ from their neighbours by more than 1e-6 of the
/// largest: only then do they have vectors of their own.
bool has_distinct_values(const std::vector<double>& values);

}  // namespace directclr::spectrum
