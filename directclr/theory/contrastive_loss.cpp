#include "directclr/theory/contrastive_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "directclr/core/dispatch.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/theory/lanes.h"

namespace directclr::theory {
namespace {

constexpr size_t kRows = 4;  // samples i that are worked on together: each y_j loaded serves all of them

// Everything about one call, in rows of `stride` doubles (a multiple of kLanes, filled up with zeros).
struct Pairs {
  size_t features, samples, stride;
  const double* z;         // (d, stride)
  const double* y;         // (d, stride): what z_i is compared with
  const double* offset;    // (stride): |y_j|^2 / 2, or 0 for the inner product
  const double* positive;  // (samples): s(z_i, z'_i) / tau without the term in |z_i|, which cancels
  bool positive_is_y;      // y_i is z'_i itself (negatives of the other branch)
  double sharpness;        // 1 / tau
  double* weights;         // (kRows, stride): q_ij
  double* pull;            // (d, stride): sum_j q_ij y_j for each i
  double* push;            // (d, stride): sum_i q_ij z_i for each j
  double* row_sum;         // (stride): sum_j q_ij
  double* column_sum;      // (stride): sum_i q_ij
  double* miss;            // (samples): 1 - alpha_ii
};

// One sample's row of similarities becomes alpha_ij in place, with 0 at j = i; returns the loss of the sample.
DIRECTCLR_INLINE double softmax_row(const Pairs& p, size_t i, double* row) {
  row[i] = -std::numeric_limits<double>::infinity();
  for (size_t j = p.samples; j < p.stride; ++j) row[j] = -std::numeric_limits<double>::infinity();
  Lanes top;
  load(top, row);
  for (size_t j = kLanes; j < p.stride; j += kLanes) {
    Lanes s;
    load(s, row + j);
    top = s > top ? s : top;
  }
  const double positive = p.positive[i];
  const double shift = std::max(largest(top), positive);
  Lanes total{};
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes s;
    load(s, row + j);
    s = s - shift;
    exp_of_nonpositive(s);
    store(row + j, s);
    total += s;
  }
  const double others = sum(total);
  const double all = others + std::exp(positive - shift);
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes s;
    load(s, row + j);
    store(row + j, s / all);
  }
  // 1 - alpha_ii from the others, not by a subtraction that cancels once the positive has won.
  p.miss[i] = others / all;
  return std::log(all) - (positive - shift);
}

template <size_t R>
DIRECTCLR_INLINE double process_rows(const Pairs& p, size_t first) {
  const double* const z = p.z + first;
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes s[R] = {};
    for (size_t k = 0; k < p.features; ++k) {
      Lanes y;
      load(y, p.y + k * p.stride + j);
      for (size_t r = 0; r < R; ++r) s[r] += y * z[k * p.stride + r];
    }
    Lanes offset;
    load(offset, p.offset + j);
    for (size_t r = 0; r < R; ++r) store(p.weights + r * p.stride + j, (s[r] - offset) * p.sharpness);
  }
  double loss = 0;
  for (size_t r = 0; r < R; ++r) {
    double* const row = p.weights + r * p.stride;
    loss += softmax_row(p, first + r, row);
    if (p.positive_is_y) row[first + r] = -p.miss[first + r];
  }
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes q[R];
    Lanes column;
    load(column, p.column_sum + j);
    for (size_t r = 0; r < R; ++r) {
      load(q[r], p.weights + r * p.stride + j);
      column += q[r];
    }
    store(p.column_sum + j, column);
    for (size_t k = 0; k < p.features; ++k) {
      Lanes push;
      load(push, p.push + k * p.stride + j);
      for (size_t r = 0; r < R; ++r) push += q[r] * z[k * p.stride + r];
      store(p.push + k * p.stride + j, push);
    }
  }
  for (size_t k = 0; k < p.features; ++k) {
    Lanes pull[R] = {};
    for (size_t j = 0; j < p.stride; j += kLanes) {
      Lanes y;
      load(y, p.y + k * p.stride + j);
      for (size_t r = 0; r < R; ++r) {
        Lanes q;
        load(q, p.weights + r * p.stride + j);
        pull[r] += q * y;
      }
    }
    for (size_t r = 0; r < R; ++r) p.pull[k * p.stride + first + r] = sum(pull[r]);
  }
  for (size_t r = 0; r < R; ++r) {
    Lanes total{};
    for (size_t j = 0; j < p.stride; j += kLanes) {
      Lanes q;
      load(q, p.weights + r * p.stride + j);
      total += q;
    }
    p.row_sum[first + r] = sum(total);
  }
  return loss;
}

DIRECTCLR_CLONES double process_all(const Pairs& p) {
  double loss = 0;
  size_t i = 0;
  for (; i + kRows <= p.samples; i += kRows) loss += process_rows<kRows>(p, i);
  for (; i < p.samples; ++i) loss += process_rows<1>(p, i);
  return loss;
}

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

  scratch_.assign((4 * d + kRows + 5) * stride, 0);
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

  double* const z_data = take(d);
  double* const y_data = take(d);
  double* const offset = take(1);
  double* const positive = take(1);
  Pairs pairs{d,         n,           stride,  z_data,  y_data,  offset,  positive, other,
              sharpness, take(kRows), take(d), take(d), take(1), take(1), take(1)};
  const Matrix& y = other ? z_prime : z;
  map(z_data) = z;
  map(y_data) = y;
  row(positive) = (z.array() * z_prime.array()).colwise().sum();
  if (distance) {
    row(offset) = y.array().square().colwise().sum() / 2;
    row(positive) -= z_prime.array().square().colwise().sum() / 2;
  }
  row(positive) *= sharpness;

  const double loss = process_all(pairs);

  // dL = sum_ij q_ij ds_ij with q = alpha, less 1 at the positive: ds = -(z_i - y_j)(dz_i - dy_j) or y_j dz_i + z_i
  // dy_j.
  grad_z = map(pairs.pull);
  Matrix grad_y = map(pairs.push);
  if (distance) {
    grad_z.array() -= z.array().rowwise() * row(pairs.row_sum);
    grad_y.array() -= y.array().rowwise() * row(pairs.column_sum);
  }
  if (other) {
    grad_z_prime = grad_y;
  } else {
    grad_z += grad_y;
    // The positive pair is not among the pairs (z_i, z_j) and comes on its own.
    if (distance) {
      grad_z_prime = (z_prime - z).array().rowwise() * row(pairs.miss);
      grad_z -= grad_z_prime;
    } else {
      grad_z.array() -= z_prime.array().rowwise() * row(pairs.miss);
      grad_z_prime = -(z.array().rowwise() * row(pairs.miss));
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
