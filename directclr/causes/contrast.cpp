#include "directclr/causes/contrast.h"

#include <cmath>
#include <stdexcept>

#include "directclr/causes/estimate.h"
#include "directclr/causes/rows.h"
#include "directclr/linalg/scatter.h"
#include "directclr/linalg/symmetric_eigenvalues.h"

namespace directclr::causes {

using array::Array;

namespace {

Array step_of(const ViewBatch& batch) {
  Array step = batch.h_b.clone();
  add_to(step, batch.h_a, -1);
  return step;
}

// Sums of the rows of `apart` and of its columns.
std::vector<double> degrees_of(const Array& apart) {
  const auto n = static_cast<size_t>(apart.size(0));
  const auto values = apart.values<double>();
  std::vector<double> sums(n, 0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      sums[i] += values[i * n + j];
      sums[j] += values[i * n + j];
    }
  }
  return sums;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void scale_by(Array& matrix, double factor) {
  for (double& value : matrix.mutable_values<double>()) value *= factor;
}

void divide(ContrastMatrices& sum, double count) {
  scale_by(sum.data, 1 / count);
  scale_by(sum.augmentation, 1 / count);
  sum.mean_one_minus_alpha /= count;
}

}  // namespace

Array ContrastMatrices::contrast() const {
  Array x = data.clone();
  add_to(x, augmentation, -1);
  return x;
}

void ContrastMatrices::add(const ContrastMatrices& other) {
  if (data.numel() == 0) {
    *this = {other.data.clone(), other.augmentation.clone(), other.mean_one_minus_alpha};
    return;
  }
  add_to(data, other.data);
  add_to(augmentation, other.augmentation);
  mean_one_minus_alpha += other.mean_one_minus_alpha;
}

ContrastMatrices contrast_matrices(const ViewBatch& batch, const PairWeights& weights) {
  const Array& h = batch.h_a;
  const Array step = step_of(batch);
  const auto n = static_cast<double>(h.size(0));
  // sum_ij a_ij (h_i - h_j)(h_i - h_j)^T = H^T (D - A - A^T) H with D the sums of A's rows and columns.
  ContrastMatrices result;
  result.data = products_of_columns(rows_times(h, degrees_of(weights.apart)), h);
  const Array pairs = products_of_columns(h, linalg::product(weights.apart, h));
  add_to(result.data, pairs, -1);
  add_to(result.data, pairs.transposed().contiguous(), -1);
  scale_by(result.data, 1 / n);
  result.augmentation = products_of_columns(rows_times(step, weights.together), step);
  scale_by(result.augmentation, 1 / n);
  result.mean_one_minus_alpha = mean_of(weights.together);
  return result;
}

std::vector<double> contrast_along(const ViewBatch& batch, const PairWeights& weights, const Array& directions) {
  const Array h = products_of_rows(directions, batch.h_a);  // (k, n)
  const Array step = products_of_rows(directions, step_of(batch));
  const Array pairs = linalg::product(h, weights.apart);
  const std::vector<double> degrees = degrees_of(weights.apart), across = row_products(pairs, h);
  const auto n = static_cast<size_t>(h.size(1));
  const auto at = h.values<double>(), moved = step.values<double>();
  std::vector<double> found(static_cast<size_t>(directions.size(0)), 0);
  for (size_t k = 0; k < found.size(); ++k) {
    double sum = -2 * across[k];
    for (size_t i = 0; i < n; ++i) {
      const double x = at[k * n + i], s = moved[k * n + i];
      sum += degrees[i] * x * x - weights.together[i] * s * s;
    }
    found[k] = sum / static_cast<double>(n);
  }
  return found;
}

ContrastSpectrum contrast_spectrum(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, Weights weights,
                                   const settings::LossSettings& loss) {
  if (batches < 2) throw std::invalid_argument("[contrast_spectrum] expected at least two batches");
  ContrastSpectrum result;
  for (int64_t k = 0; k < batches; ++k) {
    const ViewBatch rows = batch(k);
    const auto found = contrast_matrices(rows, pair_weights(rows.z_a, rows.z_b, weights, loss));
    (k % 2 == 0 ? result.first : result.second).add(found);
  }
  const auto evens = static_cast<double>((batches + 1) / 2), all = static_cast<double>(batches);
  result.mean.add(result.first);
  result.mean.add(result.second);
  divide(result.mean, all);
  divide(result.first, evens);
  divide(result.second, all - evens);
  auto eigen = linalg::symmetric_eigenvectors(result.mean.contrast());
  result.eigenvalues = std::move(eigen.values);
  result.vectors = eigen.vectors;
  result.first_vectors = linalg::symmetric_eigenvectors(result.first.contrast()).vectors;

  std::vector<std::vector<double>> seen;
  for (int64_t k = 1; k < batches; k += 2) {
    const ViewBatch rows = batch(k);
    seen.push_back(contrast_along(rows, pair_weights(rows.z_a, rows.z_b, weights, loss), result.first_vectors));
  }
  const Estimate held_out = estimate(seen);
  result.held_out = held_out.mean;
  result.standard_error = held_out.error;
  // Rounding in X is of the size of its parts, which may be much larger than X.
  const double rounding = 1e-12 * std::abs(trace(result.mean.data));
  for (size_t k = 0; k < result.held_out.size(); ++k) {
    result.negative += result.eigenvalues[k] < -rounding;
    result.negative_held_out += result.held_out[k] < -rounding;
    if (held_out.below[k] && result.held_out[k] < -rounding) result.certain.push_back(static_cast<int64_t>(k));
  }
  result.negative_for_certain = static_cast<int64_t>(result.certain.size());
  return result;
}

std::vector<double> spread_within(const ViewBatch& batch, const PairWeights& weights, const Array& directions) {
  const Array within = products_of_rows(step_of(batch), directions);  // (n, k)
  std::vector<double> spread = row_products(within, within);
  for (size_t i = 0; i < spread.size(); ++i) spread[i] *= weights.together[i];
  return spread;
}

}  // namespace directclr::causes
