#pragma once

#include <complex>
#include <functional>

#include "directclr/theory/contrastive_loss.h"

namespace directclr::theory {

// Derivatives by an independent route. For an analytic f, Im f(x + i h) / h equals f'(x) up to h^2, without any
// subtraction: with h = 1e-30 it is exact to rounding (Squire and Trapp 1998). The loss below is therefore written for
// complex numbers, as plain loops over the formula.

using ComplexMatrix = Eigen::Matrix<std::complex<double>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The loss of LossForm on complex embeddings (d, N), summed over the samples, straight from its definition.
std::complex<double> reference_loss(const LossForm& form, const ComplexMatrix& z, const ComplexMatrix& z_prime);

/// max(0, x) in every entry, by the real part.
ComplexMatrix reference_relu(const ComplexMatrix& x);

/// df/dx (the shape of `at`) of a function that is analytic at `at`. Cost: one call of f an entry.
Matrix complex_step_gradient(const std::function<std::complex<double>(const ComplexMatrix&)>& f, const Matrix& at);

}  // namespace directclr::theory
