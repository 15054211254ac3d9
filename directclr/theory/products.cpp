#include "directclr/theory/products.h"

#include "directclr/theory/kernels.h"

namespace directclr::theory {

void multiply(const Matrix& w, const Matrix& x, Matrix& out) {
  out.resize(w.rows(), x.cols());
  kernels().multiply(w.data(), static_cast<size_t>(w.rows()), static_cast<size_t>(w.cols()), x.data(),
                     static_cast<size_t>(x.cols()), out.data());
}

void outer_product(const Matrix& a, const Matrix& x, const Matrix& b, const Matrix& y, Matrix& out) {
  out = Matrix::Zero(a.rows(), x.rows());
  const auto rows = static_cast<size_t>(a.rows());
  const auto columns = static_cast<size_t>(x.rows());
  kernels().add_outer_product(a.data(), rows, x.data(), columns, static_cast<size_t>(a.cols()), out.data());
  kernels().add_outer_product(b.data(), rows, y.data(), columns, static_cast<size_t>(b.cols()), out.data());
}

}  // namespace directclr::theory
