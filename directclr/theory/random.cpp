#include "directclr/theory/random.h"

#include <Eigen/QR>
#include <algorithm>
#include <array>

#include "directclr/theory/kernels.h"

namespace directclr::theory {

void fill_normal(RandomStream& random, Matrix& matrix) {
  constexpr Index kRun = 4 * static_cast<Index>(kLanes);  // numbers that kLanes blocks give
  const Index whole = matrix.size() / kRun * kRun;
  const auto blocks_of = [](Index numbers) { return static_cast<uint32_t>(numbers / 4); };
  kernels().normals_of_blocks(random.take_blocks(blocks_of(whole)), blocks_of(whole), matrix.data());
  if (whole < matrix.size()) {
    std::array<double, kRun> rest;
    kernels().normals_of_blocks(random.take_blocks(blocks_of(kRun)), blocks_of(kRun), rest.data());
    std::copy_n(rest.begin(), matrix.size() - whole, matrix.data() + whole);
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
