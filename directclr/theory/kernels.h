#pragma once

#include <cstddef>

#include "directclr/core/philox.h"

namespace directclr::theory {

// The hot loops, on plain memory. Compiled for several processors and chosen when the program runs; all give the same
// bits.

constexpr size_t kLanes = 8;     ///< rows of ContrastivePairs are filled up to a multiple of this
constexpr size_t kMostRows = 8;  ///< samples that are worked on together, at most

/// Everything about one evaluation of a contrastive loss, in rows of `stride` doubles (a multiple of kLanes, filled up
/// with zeros). `push` and `column_sum` must begin as zeros.
struct ContrastivePairs {
  size_t features, samples, stride;
  const double* z;          // (d, stride)
  const double* y;          // (d, stride): what z_i is compared with
  const double* offset;     // (stride): |y_j|^2 / 2, or 0 for the inner product
  const double* positive;   // (samples): s(z_i, z'_i) / tau without the term in |z_i|, which cancels
  bool positive_is_y;       // y_i is z'_i itself (negatives of the other branch)
  double sharpness;         // 1 / tau
  double* weights;          // (kMostRows, stride): q_ij times the sum Z_i of the softmax
  double* pull;             // (d, stride): sum_j q_ij y_j for each i
  double* push;             // (d, stride): sum_i q_ij z_i for each j
  double* column_sum;       // (stride): sum_i q_ij
  double* one_minus_alpha;  // (samples): 1 - alpha_ii
};

struct Kernels {
  /// The loss, summed over the samples; fills what ContrastivePairs says.
  double (*contrastive_loss)(const ContrastivePairs& pairs);
  /// out (rows, samples) = w (rows, inner) x (inner, samples).
  void (*multiply)(const double* w, size_t rows, size_t inner, const double* x, size_t samples, double* out);
  /// out (rows, columns) += a (rows, samples) x (columns, samples)^T.
  void (*add_outer_product)(const double* a, size_t rows, const double* x, size_t columns, size_t samples, double* out);
  /// Four words of each Philox block become two pairs of independent standard normal numbers by Box and Muller's
  /// transform. blocks: a multiple of kLanes; normals: 4 a block.
  void (*normals_of_blocks)(const RandomStream::Blocks& first, size_t blocks, double* normals);
};

/// The kernels for this processor.
const Kernels& kernels();

/// Those for registers of so many bytes (16, 32, 64), or null where this processor or build has none: for tests.
const Kernels* kernels_of_width(int bytes);

}  // namespace directclr::theory
