#include "directclr/theory/contrast_matrix.h"

namespace directclr::theory {
namespace {

// alpha_ij without the diagonal; its rows sum to 1 - alpha_ii, which keeps its digits where alpha_ii is nearly one.
Matrix others_of(const Matrix& alpha) {
  Matrix others = alpha;
  others.diagonal().setZero();
  return others;
}

}  // namespace

Matrix contrast_matrix_of_eqn6(const Matrix& alpha, const Views& views) {
  const Matrix& x = views.x;
  const Matrix& y = views.x_prime;
  const Vector one_minus_alpha = others_of(alpha).rowwise().sum();
  Matrix result = Matrix::Zero(x.rows(), x.rows());
  for (Index i = 0; i < x.cols(); ++i) {
    Vector left = Vector::Zero(x.rows());
    for (Index j = 0; j < x.cols(); ++j) {
      if (j != i) left += alpha(i, j) * (y.col(i) - x.col(j)) + alpha(j, i) * (x.col(i) - x.col(j));
    }
    result += left * x.col(i).transpose() - one_minus_alpha(i) * (y.col(i) - x.col(i)) * y.col(i).transpose();
  }
  return result;
}

Matrix weighted_data_covariance(const Matrix& alpha, const Matrix& x) {
  // sum_ij a_ij (x_i - x_j)(x_i - x_j)^T = X (D - A - A^T) X^T with D the sums of A's rows and columns.
  const Matrix others = others_of(alpha);
  const Vector degree = others.rowwise().sum() + others.colwise().sum().transpose();
  const Matrix laplacian = Matrix(degree.asDiagonal()) - others - others.transpose();
  const Matrix result = x * laplacian * x.transpose();
  return (result + result.transpose()) / 2;
}

Matrix weighted_augmentation_covariance(const Matrix& alpha, const Views& views) {
  const Matrix step = views.x_prime - views.x;
  const Vector one_minus_alpha = others_of(alpha).rowwise().sum();
  return step * one_minus_alpha.asDiagonal() * step.transpose();
}

Matrix contrast_matrix(const Matrix& w, const Views& views) {
  const Matrix alpha = softmax_weights({}, w * views.x, w * views.x_prime);
  return weighted_data_covariance(alpha, views.x) - weighted_augmentation_covariance(alpha, views);
}

}  // namespace directclr::theory
