#include "directclr/theory/contrastive_loss.h"

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/theory/kernels.h"

namespace directclr::theory {
namespace {

void check_shapes(const Matrix& z, const Matrix& z_prime) {
  if (z.rows() != z_prime.rows() || z.cols() != z_prime.cols()) {
    throw InputError("contrastive loss",
                     format("the branches differ in shape: %lld x %lld and %lld x %lld",
                            static_cast<long long>(z.rows()), static_cast<long long>(z.cols()),
                            static_cast<long long>(z_prime.rows()), static_cast<long long>(z_prime.cols())));
  }
  if (z.cols() < 2 || z.rows() < 1) {
    throw InputError("contrastive loss", format("needs at least 2 samples of at least 1 feature, not %lld of %lld",
                                                static_cast<long long>(z.cols()), static_cast<long long>(z.rows())));
  }
}

using Map = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;
using Row = Eigen::Map<Eigen::Array<double, 1, Eigen::Dynamic>>;

}  // namespace

ContrastiveLoss::ContrastiveLoss(const LossForm& form) : form_(form) {
  if (!(form.temperature > 0) || !std::isfinite(form.temperature)) {
    throw InputError("temperature", "must be above 0, not " + format_number(form.temperature));
  }
}

double ContrastiveLoss::operator()(const Matrix& z, const Matrix& z_prime, Matrix& grad_z, Matrix& grad_z_prime) {
  check_shapes(z, z_prime);
  const auto d = static_cast<size_t>(z.rows());
  const auto n = static_cast<size_t>(z.cols());
  const size_t stride = (n + kLanes - 1) / kLanes * kLanes;
  const bool other = form_.negatives == Negatives::kOtherBranch;
  const bool distance = form_.similarity == Similarity::kDistance;
  const double sharpness = 1 / form_.temperature;

  scratch_.assign((4 * d + kMostRows + 4) * stride, 0);
  double* next = scratch_.data();
  const auto take = [&](size_t rows) {
    double* const begin = next;
    next += rows * stride;
    return begin;
  };
  const auto map = [&](double* data) {
    return Map(data, z.rows(), z.cols(), Eigen::OuterStride<>(static_cast<Index>(stride)));
  };
  const auto row = [&](double* data) { return Row(data, z.cols()); };

  // Rows that are a multiple of kLanes long serve as they are.
  const auto filled_up = [&](const Matrix& m) -> const double* {
    if (n == stride) return m.data();
    double* const copy = take(d);
    map(copy) = m;
    return copy;
  };
  const Matrix& y = other ? z_prime : z;
  const double* const z_data = filled_up(z);
  const double* const y_data = other ? filled_up(y) : z_data;
  double* const offset = take(1);
  double* const positive = take(1);
  ContrastivePairs pairs{d,     n,         stride,          z_data,  y_data,  offset,  positive,
                         other, sharpness, take(kMostRows), take(d), take(d), take(1), take(1)};
  row(positive) = (z.array() * z_prime.array()).colwise().sum();
  if (distance) {
    row(offset) = y.array().square().colwise().sum() / 2;
    row(positive) -= z_prime.array().square().colwise().sum() / 2;
  }
  row(positive) *= sharpness;

  const double loss = kernels().contrastive_loss(pairs);

  // dL = sum_ij q_ij ds_ij with q = alpha, less 1 at the positive: ds = -(z_i - y_j)(dz_i - dy_j) or y_j dz_i + z_i
  // dy_j.
  grad_z = map(pairs.pull);
  Matrix grad_y = map(pairs.push);
  if (distance) {
    // sum_j q_ij is 1 - alpha_ii without the positive among the j, and 0 with it.
    if (!other) grad_z.array() -= z.array().rowwise() * row(pairs.one_minus_alpha);
    grad_y.array() -= y.array().rowwise() * row(pairs.column_sum);
  }
  if (other) {
    grad_z_prime = grad_y;
  } else {
    grad_z += grad_y;
    // The positive pair is not among the pairs (z_i, z_j) and comes on its own.
    if (distance) {
      grad_z_prime = (z_prime - z).array().rowwise() * row(pairs.one_minus_alpha);
      grad_z -= grad_z_prime;
    } else {
      grad_z.array() -= z_prime.array().rowwise() * row(pairs.one_minus_alpha);
      grad_z_prime = -(z.array().rowwise() * row(pairs.one_minus_alpha));
    }
  }
  grad_z *= sharpness;
  grad_z_prime *= sharpness;
  return loss;
}

Matrix softmax_weights(const LossForm& form, const Matrix& z, const Matrix& z_prime) {
  check_shapes(z, z_prime);
  const Matrix& y = form.negatives == Negatives::kOtherBranch ? z_prime : z;
  Matrix alpha(z.cols(), z.cols());
  for (Index i = 0; i < z.cols(); ++i) {
    for (Index j = 0; j < z.cols(); ++j) {
      const auto partner = i == j ? z_prime.col(i) : y.col(j);
      alpha(i, j) =
          form.similarity == Similarity::kDistance ? -(z.col(i) - partner).squaredNorm() / 2 : z.col(i).dot(partner);
    }
    alpha.row(i) = ((alpha.row(i).array() - alpha.row(i).maxCoeff()) / form.temperature).exp();
    alpha.row(i) /= alpha.row(i).sum();
  }
  return alpha;
}

}  // namespace directclr::theory
