#include "directclr/theory/complex_step.h"

namespace directclr::theory {
namespace {

std::complex<double> similarity(const LossForm& form, const ComplexMatrix& a, Index i, const ComplexMatrix& b,
                                Index j) {
  std::complex<double> total = 0;
  for (Index k = 0; k < a.rows(); ++k) {
    const std::complex<double> difference = a(k, i) - b(k, j);
    total += form.similarity == Similarity::kDistance ? -difference * difference / 2.0 : a(k, i) * b(k, j);
  }
  return total / form.temperature;
}

}  // namespace

std::complex<double> reference_loss(const LossForm& form, const ComplexMatrix& z, const ComplexMatrix& z_prime) {
  const ComplexMatrix& y = form.negatives == Negatives::kOtherBranch ? z_prime : z;
  std::complex<double> loss = 0;
  for (Index i = 0; i < z.cols(); ++i) {
    const std::complex<double> positive = similarity(form, z, i, z_prime, i);
    // 1 + sum of exp(s_ij - s_ii): the positive is the shift.
    std::complex<double> total = 1;
    for (Index j = 0; j < z.cols(); ++j) {
      if (j != i) total += std::exp(similarity(form, z, i, y, j) - positive);
    }
    loss += std::log(total);
  }
  return loss;
}

ComplexMatrix reference_relu(const ComplexMatrix& x) {
  return x.unaryExpr([](const std::complex<double>& v) { return v.real() > 0 ? v : std::complex<double>(0); });
}

Matrix complex_step_gradient(const std::function<std::complex<double>(const ComplexMatrix&)>& f, const Matrix& at) {
  constexpr double kTiny = 1e-30;
  ComplexMatrix point = at.cast<std::complex<double>>();
  Matrix gradient(at.rows(), at.cols());
  for (Index r = 0; r < at.rows(); ++r) {
    for (Index c = 0; c < at.cols(); ++c) {
      point(r, c) = {at(r, c), kTiny};
      gradient(r, c) = f(point).imag() / kTiny;
      point(r, c) = at(r, c);
    }
  }
  return gradient;
}

}  // namespace directclr::theory
