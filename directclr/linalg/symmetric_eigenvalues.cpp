#include "directclr/linalg/symmetric_eigenvalues.h"

#include <stdexcept>

#include "directclr/linalg/panels.h"
#include "directclr/linalg/tridiagonal.h"
#include "directclr/linalg/tridiagonal_reduction.h"

namespace directclr::linalg {
namespace {

std::vector<double> scaled(std::vector<double> values, double scale) {
  for (double& value : values) value *= scale;
  return values;
}

}  // namespace

std::vector<double> symmetric_eigenvalues(const array::Array& upper, int register_bytes) {
  double scale = 1;
  const Tridiagonal t = reduce_to_tridiagonal(upper, {}, panel_kernels(register_bytes), scale);
  return scaled(eigenvalues(t, t.diagonal.size()), scale);
}

std::pair<std::vector<double>, std::vector<double>> symmetric_eigenvalues_with(const array::Array& upper,
                                                                               std::span<const double> v,
                                                                               int register_bytes) {
  if (upper.dim() != 2 || v.empty() || upper.size(0) != static_cast<int64_t>(v.size())) {
    throw std::invalid_argument("[symmetric_eigenvalues_with] expected (n, n) and n numbers, got " + upper.describe() +
                                " and " + std::to_string(v.size()));
  }
  double scale = 1;
  // With v as one more row below A, the first reflection turns it onto the last axis of A.
  Tridiagonal t = reduce_to_tridiagonal(upper, v, panel_kernels(register_bytes), scale);
  const size_t n = t.off_diagonal.size();
  Tridiagonal changed = t;
  changed.diagonal[n - 1] += scale * t.off_diagonal[n - 1] * t.off_diagonal[n - 1];
  return {scaled(eigenvalues(t, n), scale), scaled(eigenvalues(changed, n), scale)};
}

}  // namespace directclr::linalg
