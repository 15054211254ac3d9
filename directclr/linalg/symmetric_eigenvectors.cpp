#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "directclr/core/parallel.h"
#include "directclr/core/philox.h"
#include "directclr/linalg/gram_schmidt.h"
#include "directclr/linalg/panels.h"
#include "directclr/linalg/symmetric_eigenvalues.h"
#include "directclr/linalg/tridiagonal.h"
#include "directclr/linalg/tridiagonal_reduction.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;

// T - lambda I = P L U by elimination with row exchanges, for a tridiagonal T.
class ShiftedFactors {
 public:
  explicit ShiftedFactors(size_t n) : n_(n), diagonal_(n), above_(n), second_(n), multiplier_(n), exchanged_(n) {}

  // A pivot below `least` in magnitude is replaced by it: the shift is an eigenvalue, up to rounding.
  void factor(const Tridiagonal& t, double lambda, double least) {
    double pivot = t.diagonal[0] - lambda, next = n_ > 1 ? t.off_diagonal[0] : 0;
    for (size_t i = 0; i + 1 < n_; ++i) {
      const double below = t.off_diagonal[i], own = t.diagonal[i + 1] - lambda;
      const double beyond = i + 2 < n_ ? t.off_diagonal[i + 1] : 0;
      exchanged_[i] = std::abs(below) > std::abs(pivot);
      if (exchanged_[i]) {
        multiplier_[i] = pivot / below;
        diagonal_[i] = below;
        above_[i] = own;
        second_[i] = beyond;
        pivot = next - multiplier_[i] * own;
        next = -multiplier_[i] * beyond;
      } else {
        if (std::abs(pivot) < least) pivot = std::copysign(least, pivot);
        multiplier_[i] = below / pivot;
        diagonal_[i] = pivot;
        above_[i] = next;
        second_[i] = 0;
        pivot = own - multiplier_[i] * next;
        next = beyond;
      }
    }
    diagonal_[n_ - 1] = std::abs(pivot) < least ? std::copysign(least, pivot) : pivot;
    above_[n_ - 1] = second_[n_ - 1] = 0;
  }

  // x becomes (T - lambda I)^-1 x.
  void solve(double* x) const {
    for (size_t i = 0; i + 1 < n_; ++i) {
      if (exchanged_[i]) std::swap(x[i], x[i + 1]);
      x[i + 1] -= multiplier_[i] * x[i];
    }
    for (size_t i = n_; i-- > 0;) {
      double sum = x[i];
      if (i + 1 < n_) sum -= above_[i] * x[i + 1];
      if (i + 2 < n_) sum -= second_[i] * x[i + 2];
      x[i] = sum / diagonal_[i];
    }
  }

 private:
  size_t n_;
  std::vector<double> diagonal_, above_, second_, multiplier_;
  std::vector<char> exchanged_;
};

// |T x - lambda x|.
double residual(const Tridiagonal& t, double lambda, const double* x) {
  const size_t n = t.diagonal.size();
  double squares = 0;
  for (size_t i = 0; i < n; ++i) {
    double sum = (t.diagonal[i] - lambda) * x[i];
    if (i > 0) sum += t.off_diagonal[i - 1] * x[i - 1];
    if (i + 1 < n) sum += t.off_diagonal[i] * x[i + 1];
    squares += sum * sum;
  }
  return std::sqrt(squares);
}

// Eigenvectors of T by inverse iteration, in rows of `stride` elements. Rows of a cluster, of eigenvalues nearer than
// `gap` to the one before, are made orthogonal to one another: further apart the iteration itself leaves no more than
// epsilon |T| / gap of one in the other. False where a vector is none.
bool inverse_iteration(const Tridiagonal& t, const std::vector<double>& values, const PanelKernels& k, double* vectors,
                       size_t stride) {
  const size_t n = values.size();
  const double norm = std::max(std::abs(values.front()), std::abs(values.back()));
  const double epsilon = std::numeric_limits<double>::epsilon(), gap = 1e-5 * norm;
  std::vector<size_t> starts;
  for (size_t i = 0; i < n; ++i) {
    if (i == 0 || values[i - 1] - values[i] > gap) starts.push_back(i);
  }
  std::vector<char> good(starts.size(), 1);
  parallel_for(starts.size(), 1, [&](size_t cluster, size_t) {
    const size_t first = starts[cluster], end = cluster + 1 < starts.size() ? starts[cluster + 1] : n;
    ShiftedFactors factors(n);
    for (size_t i = first; i < end; ++i) {
      factors.factor(t, values[i], epsilon * norm);
      double* const x = vectors + i * stride;
      RandomStream random(0, Purpose::kSplit, static_cast<uint32_t>(i));
      for (size_t j = 0; j < n; ++j) x[j] = random.uniform(-1, 1);
      double left = INFINITY;
      // Twice at least: what the first step leaves of vectors outside the cluster depends on the random beginning, and
      // outweighs roundings.
      for (int iteration = 0; iteration < 2 || (iteration < 6 && left > 100 * static_cast<double>(n) * epsilon * norm);
           ++iteration) {
        factors.solve(x);
        orthogonalize(k, vectors, stride, first, i);
        left = residual(t, values[i], x);
      }
      if (!(left <= 1e-10 * norm)) good[cluster] = 0;
    }
  });
  return std::all_of(good.begin(), good.end(), [](char one) { return one != 0; });
}

// By implicit QR steps, slower and with no doubtful cases.
void qr_iteration(const Tridiagonal& t, double* vectors, size_t stride) {
  const auto n = static_cast<Eigen::Index>(t.diagonal.size());
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(Eigen::Map<const Eigen::VectorXd>(t.diagonal.data(), n),
                                Eigen::Map<const Eigen::VectorXd>(t.off_diagonal.data(), n - 1));
  for (Eigen::Index i = 0; i < n; ++i) {  // ascending there
    for (Eigen::Index j = 0; j < n; ++j) {
      vectors[static_cast<size_t>(i) * stride + static_cast<size_t>(j)] = solver.eigenvectors()(j, n - 1 - i);
    }
  }
}

}  // namespace

SymmetricEigen symmetric_eigenvectors(const Array& upper, int register_bytes) {
  const PanelKernels& k = panel_kernels(register_bytes);
  double scale = 1;
  Reflections reflections(static_cast<size_t>(upper.size(0)));
  const Tridiagonal t = reduce_to_tridiagonal(upper, {}, k, scale, &reflections);
  const size_t n = t.diagonal.size(), stride = (n + 7) / 8 * 8;
  SymmetricEigen result{eigenvalues(t, n), Array::empty({upper.size(0), upper.size(0)}, DType::kFloat64)};
  std::vector<double> vectors(n * stride, 0);
  if (result.values.front() == 0 && result.values.back() == 0) {
    for (size_t i = 0; i < n; ++i) vectors[i * stride + i] = 1;
  } else if (!inverse_iteration(t, result.values, k, vectors.data(), stride)) {
    qr_iteration(t, vectors.data(), stride);
  }
  reflections.apply(k, vectors.data(), n, stride);
  double* const out = result.vectors.mutable_data<double>();
  for (size_t i = 0; i < n; ++i) std::copy_n(vectors.data() + i * stride, n, out + i * n);
  for (double& value : result.values) value *= scale;
  return result;
}

}  // namespace directclr::linalg
