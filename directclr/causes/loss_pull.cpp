#include "directclr/causes/loss_pull.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "directclr/causes/rows.h"
#include "directclr/core/error.h"
#include "directclr/core/table.h"
#include "directclr/core/text.h"
#include "directclr/linalg/scatter.h"
#include "directclr/settings/losses.h"

namespace directclr::causes {

using array::Array;
using array::DType;

namespace {

using Gradients = std::pair<Array, Array>;

double* row_of(Array& matrix, int64_t i) { return matrix.mutable_data<double>() + i * matrix.size(1); }

// Rows become their softmax; minus infinity becomes 0.
void softmax_rows(Array& s) {
  const int64_t width = s.size(1);
  for (int64_t i = 0; i < s.size(0); ++i) {
    double* const row = row_of(s, i);
    const double top = *std::max_element(row, row + width);
    double sum = 0;
    for (int64_t j = 0; j < width; ++j) sum += row[j] = std::exp(row[j] - top);
    for (int64_t j = 0; j < width; ++j) row[j] /= sum;
  }
}

// Eqn 2's weights. Those of `together` are sums of the others: they keep their digits where alpha_ii is nearly one.
PairWeights softmax_weights(const Array& a, const Array& b) {
  const int64_t n = a.size(0);
  const std::vector<double> squares = row_products(a, a);
  Array step = a.clone();
  add_to(step, b, -1);
  const std::vector<double> positives = row_products(step, step);
  PairWeights weights{products_of_rows(a, a), std::vector<double>(static_cast<size_t>(n), 0)};
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    double* const row = row_of(weights.apart, i);
    for (int64_t j = 0; j < n; ++j) row[j] -= (squares[at] + squares[static_cast<size_t>(j)]) / 2;
    row[i] = positives[at] / -2;
  }
  softmax_rows(weights.apart);
  for (int64_t i = 0; i < n; ++i) {
    double* const row = row_of(weights.apart, i);
    row[i] = 0;
    for (int64_t j = 0; j < n; ++j) weights.together[static_cast<size_t>(i)] += row[j];
  }
  return weights;
}

PairWeights softmax_of_loss(const Array& a, const Array& b, const settings::LossSettings& loss) {
  const std::vector<double> scale(static_cast<size_t>(a.size(0)), 1 / std::sqrt(loss.tau));
  return softmax_weights(rows_times(unit_rows(a), scale), rows_times(unit_rows(b), scale));
}

// L = -2 mean_i s_ii + mean_{i != j} s_ij^2: dL = (2 / n) sum_i [-ds_ii + sum_{j != i} s_ij ds_ij / (n - 1)], and for
// rows of one length ds is minus the change of half a squared distance.
PairWeights spectral_weights(const Array& a, const Array& /*b*/, const settings::LossSettings& loss) {
  const Array rows = unit_rows(a);
  const int64_t n = a.size(0);
  PairWeights weights{products_of_rows(rows, rows), std::vector<double>(static_cast<size_t>(n), 1)};
  for (double& weight : weights.apart.mutable_values<double>()) weight /= loss.tau * static_cast<double>(n - 1);
  for (int64_t i = 0; i < n; ++i) row_of(weights.apart, i)[i] = 0;
  return weights;
}

// exp(-t |x_i - x_j|^2) over its sum over all pairs i != j of unit rows, 0 on the diagonal.
Array potential_shares(const Array& x, double t) {
  Array shares = products_of_rows(x, x);
  double sum = 0;
  for (int64_t i = 0; i < shares.size(0); ++i) {
    double* const row = row_of(shares, i);
    for (int64_t j = 0; j < shares.size(1); ++j) sum += row[j] = j == i ? 0 : std::exp(2 * t * (row[j] - 1));
  }
  for (double& share : shares.mutable_values<double>()) share /= sum;
  return shares;
}

// L = w_a mean_i |a_i - b_i|^2 + w_u U, U = log mean_{i != j} exp(-t |x_i - x_j|^2), of either view alike: n / 2 times
// the derivatives with respect to half a squared distance are w_a and -w_u t n p_ij, p the shares of all pairs.
PairWeights alignment_uniformity_weights(const Array& a, const Array& /*b*/, const settings::LossSettings& loss) {
  const auto n = static_cast<double>(a.size(0));
  PairWeights weights{potential_shares(unit_rows(a), loss.uniform_t),
                      std::vector<double>(static_cast<size_t>(a.size(0)), loss.align_weight)};
  for (double& weight : weights.apart.mutable_values<double>()) weight *= loss.uniform_weight * loss.uniform_t * n;
  return weights;
}

// s = x y^T / tau; the diagonal is `diagonal` unless that is not a number.
Array similarities(const Array& x, const Array& y, double tau, double diagonal) {
  Array s = products_of_rows(x, y);
  for (double& value : s.mutable_values<double>()) value /= tau;
  for (int64_t i = 0; i < s.size(0) && !std::isnan(diagonal); ++i) row_of(s, i)[i] = diagonal;
  return s;
}

// Adds x's part, weight y, and y's, weight^T x, of sum_ij weight_ij x_i . y_j.
void add_pull(const Array& weight, const Array& x, const Array& y, Array& of_x, Array& of_y) {
  add_to(of_x, linalg::product(weight, y));
  add_to(of_y, products_of_columns(weight, x));
}

// dL/ds_ij, both softmaxes.
Gradients infonce_gradients(const Array& a, const Array& b, const settings::LossSettings& loss) {
  const double tau = loss.tau;
  const double n = static_cast<double>(a.size(0)), none = std::numeric_limits<double>::quiet_NaN();
  Array weight = similarities(a, b, tau, none), columns = weight.transposed().contiguous();
  softmax_rows(weight);
  softmax_rows(columns);
  add_to(weight, columns.transposed().contiguous());
  for (int64_t i = 0; i < weight.size(0); ++i) row_of(weight, i)[i] -= 2;
  for (double& value : weight.mutable_values<double>()) value /= 2 * n * tau;
  Gradients g{Array::zeros(a.shape(), DType::kFloat64), Array::zeros(a.shape(), DType::kFloat64)};
  add_pull(weight, a, b, g.first, g.second);
  return g;
}

// The terms of the rows of one view: their softmax over the other view and the rest of their own.
void add_ntxent_rows(const Array& x, const Array& y, double tau, Array& of_x, Array& of_y) {
  const double nothing = -std::numeric_limits<double>::infinity(), none = std::numeric_limits<double>::quiet_NaN();
  const Array across = similarities(x, y, tau, none), among = similarities(x, x, tau, nothing);
  const int64_t n = x.size(0);
  Array both = Array::empty({n, 2 * n}, DType::kFloat64);
  for (int64_t i = 0; i < n; ++i) {
    std::copy_n(across.data<double>() + i * n, n, row_of(both, i));
    std::copy_n(among.data<double>() + i * n, n, row_of(both, i) + n);
  }
  softmax_rows(both);
  Array to_other = Array::empty({n, n}, DType::kFloat64), to_own = to_other.clone();
  for (int64_t i = 0; i < n; ++i) {
    row_of(both, i)[i] -= 1;
    for (int64_t j = 0; j < n; ++j) {
      row_of(to_other, i)[j] = row_of(both, i)[j] / (2 * static_cast<double>(n) * tau);
      row_of(to_own, i)[j] = row_of(both, i)[n + j] / (2 * static_cast<double>(n) * tau);
    }
  }
  add_pull(to_other, x, y, of_x, of_y);
  add_pull(to_own, x, x, of_x, of_x);
}

Gradients ntxent_gradients(const Array& a, const Array& b, const settings::LossSettings& loss) {
  const double tau = loss.tau;
  Gradients g{Array::zeros(a.shape(), DType::kFloat64), Array::zeros(a.shape(), DType::kFloat64)};
  add_ntxent_rows(a, b, tau, g.first, g.second);
  add_ntxent_rows(b, a, tau, g.second, g.first);
  return g;
}

Gradients spectral_gradients(const Array& a, const Array& b, const settings::LossSettings& loss) {
  const double tau = loss.tau;
  const double n = static_cast<double>(a.size(0));
  Array weight = similarities(a, b, tau, -(n - 1));  // -2 / n of the mean of s_ii, in units of the others' factor
  for (double& value : weight.mutable_values<double>()) value *= 2 / (n * (n - 1) * tau);
  Gradients g{Array::zeros(a.shape(), DType::kFloat64), Array::zeros(a.shape(), DType::kFloat64)};
  add_pull(weight, a, b, g.first, g.second);
  return g;
}

// Along unit rows the gradient of U is that of its similarities, 4 t sum_j p_ij x_j.
Gradients alignment_uniformity_gradients(const Array& a, const Array& b, const settings::LossSettings& loss) {
  const double alignment = 2 * loss.align_weight / static_cast<double>(a.size(0));
  const auto of_view = [&](const Array& x, const Array& other) {
    Array gradient = linalg::product(potential_shares(x, loss.uniform_t), x);
    for (double& value : gradient.mutable_values<double>()) value *= 2 * loss.uniform_weight * loss.uniform_t;
    add_to(gradient, x, alignment);
    add_to(gradient, other, -alignment);
    return gradient;
  };
  return {of_view(a, b), of_view(b, a)};
}

// What is known of a loss.
struct LossPull {
  std::string name;
  PairWeights (*weights)(const Array& z_a, const Array& z_b, const settings::LossSettings& loss);
  // Of unit rows, as if they were free.
  Gradients (*gradients)(const Array& a, const Array& b, const settings::LossSettings& loss);
};

// Losses whose gradient is one of distances between images; others compare dimensions.
const Table<LossPull>& loss_pulls() {
  static const Table<LossPull> table("--loss",
                                     {{"infonce", softmax_of_loss, infonce_gradients},
                                      {"ntxent", softmax_of_loss, ntxent_gradients},
                                      {"spectral", spectral_weights, spectral_gradients},
                                      {"align-uniform", alignment_uniformity_weights, alignment_uniformity_gradients}});
  return table;
}

const LossPull& pull_of(const settings::LossSettings& loss) {
  const auto known = loss_pulls().names();
  if (std::find(known.begin(), known.end(), loss.loss) == known.end()) {
    throw InputError("--loss " + settings::losses().at(loss.loss).name,
                     "has no weights of pairs of images, which Lemma 2 rests on",
                     "runs trained with one of these can be explained: " + join(known, ", "));
  }
  return loss_pulls().at(loss.loss);
}

// From the gradient in z / |z| to that in z.
Array of_length(const Array& z, const Array& unit, const Array& gradient) {
  const std::vector<double> radial = row_products(gradient, unit);
  Array tangent = rows_times(unit, radial);
  for (double& value : tangent.mutable_values<double>()) value = -value;
  add_to(tangent, gradient);
  std::vector<double> lengths = row_products(z, z);
  for (double& length : lengths) length = 1 / std::max(std::sqrt(length), 1e-12);
  return rows_times(tangent, lengths);
}

void check_views(const char* name, const Array& z_a, const Array& z_b) {
  if (z_a.dim() != 2 || z_a.shape() != z_b.shape() || z_a.size(0) < 2) {
    throw std::invalid_argument(std::string("[") + name + "] expected two (n >= 2, P) matrices of one shape, got " +
                                z_a.describe() + " and " + z_b.describe());
  }
}

}  // namespace

void require_pair_weights(const settings::LossSettings& loss) { pull_of(loss); }

PairWeights pair_weights(const Array& z_a, const Array& z_b, Weights weights, const settings::LossSettings& loss) {
  check_views("pair_weights", z_a, z_b);
  return weights == Weights::kEqn2 ? softmax_weights(z_a, z_b) : pull_of(loss).weights(z_a, z_b, loss);
}

std::pair<Array, Array> loss_gradients(const Array& z_a, const Array& z_b, const settings::LossSettings& loss) {
  check_views("loss_gradients", z_a, z_b);
  const Array a = unit_rows(z_a), b = unit_rows(z_b);
  const auto free = pull_of(loss).gradients(a, b, loss);
  return {of_length(z_a, a, free.first), of_length(z_b, b, free.second)};
}

}  // namespace directclr::causes
