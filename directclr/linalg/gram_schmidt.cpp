#include "directclr/linalg/gram_schmidt.h"

#include <cmath>

namespace directclr::linalg {

void orthogonalize(const PanelKernels& kernels, double* rows, size_t stride, size_t first, size_t i) {
  double* const x = rows + i * stride;
  const auto normalize = [&] {
    const double length = std::sqrt(kernels.dot(x, x, stride));
    for (size_t j = 0; j < stride; ++j) x[j] /= length;
    return length;
  };
  normalize();
  // Again where little is left, and rounding a large part of that.
  bool again = i > first;
  for (int pass = 0; again && pass < 4; ++pass) {
    for (size_t other = first; other < i; ++other) {
      const double* const y = rows + other * stride;
      kernels.add_scaled(y, -kernels.dot(x, y, stride), stride, x);
    }
    again = normalize() < 0.5;
  }
}

}  // namespace directclr::linalg
