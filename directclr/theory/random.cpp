#include "directclr/theory/random.h"

#include <Eigen/QR>
#include <cmath>
#include <numbers>

namespace directclr::theory {

void fill_normal(RandomStream& random, Matrix& matrix) {
  double* const data = matrix.data();
  for (Index i = 0; i < matrix.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log((random.bits() + 0.5) * 0x1p-32));
    const double angle = 2 * std::numbers::pi * 0x1p-32 * random.bits();
    data[i] = radius * std::cos(angle);
    if (i + 1 < matrix.size()) data[i + 1] = radius * std::sin(angle);
  }
}

Matrix normal(RandomStream& random, Index rows, Index columns) {
  Matrix matrix(rows, columns);
  fill_normal(random, matrix);
  return matrix;
}

Matrix random_orthogonal(RandomStream& random, Index size) {
  const Eigen::HouseholderQR<Matrix> qr(normal(random, size, size));
  Matrix q = qr.householderQ();
  for (Index k = 0; k < size; ++k) {
    if (qr.matrixQR()(k, k) < 0) q.col(k) = -q.col(k);
  }
  return q;
}

}  // namespace directclr::theory
