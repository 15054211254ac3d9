#include "directclr/theory/eigensystem.h"

#include <Eigen/Eigenvalues>

namespace directclr::theory {

Eigensystem::Eigensystem(const Matrix& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(symmetric);
  eigenvalues_ = solver.eigenvalues();
  eigenvectors_ = solver.eigenvectors();
}

}  // namespace directclr::theory
