#include "directclr/theory/singular_dynamics.h"

#include <Eigen/SVD>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::theory {
namespace {

// H of Lemma 5 and 6.
Matrix gap_matrix(const Vector& s) {
  Matrix h = Matrix::Zero(s.size(), s.size());
  for (Index k = 0; k < s.size(); ++k) {
    for (Index other = 0; other < s.size(); ++other) {
      // (a - b)(a + b), not a^2 - b^2, for values that lie close together.
      if (k != other) h(k, other) = 1 / ((s(other) - s(k)) * (s(other) + s(k)));
    }
  }
  return h;
}

Matrix doubled_symmetric_part(const Matrix& m) { return m + m.transpose(); }

}  // namespace

Svd svd(const Matrix& w) {
  if (w.rows() != w.cols() || w.rows() == 0) {
    throw InputError("svd", format("expects a square matrix, not %lld x %lld", static_cast<long long>(w.rows()),
                                   static_cast<long long>(w.cols())));
  }
  const Eigen::JacobiSVD<Eigen::MatrixXd> solver(w, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return {solver.matrixU(), solver.singularValues(), solver.matrixV()};
}

Vector singular_values(const Matrix& w) { return Eigen::JacobiSVD<Eigen::MatrixXd>(w).singularValues(); }

void match_signs(const Svd& reference, Svd& decomposition) {
  for (Index k = 0; k < decomposition.s.size(); ++k) {
    if (reference.v.col(k).dot(decomposition.v.col(k)) >= 0) continue;
    decomposition.u.col(k) = -decomposition.u.col(k);
    decomposition.v.col(k) = -decomposition.v.col(k);
  }
}

Vector singular_value_rates(const Svd& w, const Matrix& w_rate) { return (w.u.transpose() * w_rate * w.v).diagonal(); }

VectorRates singular_vector_rates(const Svd& w, const Matrix& w_rate) {
  const Matrix h = gap_matrix(w.s);
  const Matrix inner = w.u.transpose() * w_rate * w.v;
  const Matrix for_u = doubled_symmetric_part(inner * w.s.asDiagonal());
  const Matrix for_v = doubled_symmetric_part(inner.transpose() * w.s.asDiagonal());
  return {w.u * h.cwiseProduct(for_u), w.v * h.cwiseProduct(for_v)};
}

Matrix alignment(const Svd& w1, const Svd& w2) { return w2.v.transpose() * w1.u; }

double mean_off_diagonal(const Matrix& a) {
  const Matrix m = a.cwiseAbs();
  return (m.sum() - m.trace()) / static_cast<double>(m.size() - m.rows());
}

Matrix alignment_rate(const Svd& w1, const Svd& w2, const Matrix& g) {
  const Matrix a = alignment(w1, w2);
  const Matrix f = w2.s.asDiagonal() * (w2.u.transpose() * g * w1.v) * w1.s.asDiagonal();
  return -a * gap_matrix(w1.s).cwiseProduct(doubled_symmetric_part(a.transpose() * f)) +
         gap_matrix(w2.s).cwiseProduct(doubled_symmetric_part(a * f.transpose())) * a;
}

ValueRates layer_value_rates(const Svd& w1, const Svd& w2, const Matrix& g) {
  const Matrix a = alignment(w1, w2);
  const Matrix between = w2.u.transpose() * g * w1.v;  // entry (k', k): u2_k'^T G v1_k
  return {-(a.transpose() * w2.s.asDiagonal() * between).diagonal(),
          -(between * w1.s.asDiagonal() * a.transpose()).diagonal()};
}

ValueRates aligned_value_rates(const Svd& w1, const Vector& s2, const Matrix& x) {
  const Vector quadratic = (w1.v.transpose() * x * w1.v).diagonal();
  return {w1.s.cwiseProduct(s2.cwiseAbs2()).cwiseProduct(quadratic),
          s2.cwiseProduct(w1.s.cwiseAbs2()).cwiseProduct(quadratic)};
}

}  // namespace directclr::theory
