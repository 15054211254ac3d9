#pragma once

#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix, by Eigen. It stands in a file of its own
/// because the compiler takes seconds for it.
class Eigensystem {
 public:
  explicit Eigensystem(const Matrix& symmetric);
  const Vector& eigenvalues() const { return eigenvalues_; }
  const Matrix& eigenvectors() const { return eigenvectors_; }

 private:
  Vector eigenvalues_;
  Matrix eigenvectors_;
};

}  // namespace directclr::theory
