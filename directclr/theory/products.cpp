#include "directclr/theory/products.h"

#include "directclr/core/dispatch.h"
#include "directclr/theory/lanes.h"

namespace directclr::theory {
namespace {

constexpr size_t kRows = 4;

// Columns [begin, begin + kLanes) of R rows of w x. `width` is how many of these columns exist.
// Lanes from memory, the first `width` of them; a width that the compiler knows costs one instruction.
DIRECTCLR_INLINE void load_some(Lanes& lanes, const double* from, size_t width) {
  lanes = Lanes{};
  std::memcpy(&lanes, from, width * sizeof(double));
}

// Columns [begin, begin + width) of R rows of w x.
template <size_t R>
DIRECTCLR_INLINE void multiply_block(const double* w, size_t inner, const double* x, size_t samples, size_t begin,
                                     size_t width, double* out) {
  Lanes total[R] = {};
  for (size_t k = 0; k < inner; ++k) {
    Lanes column;
    load_some(column, x + k * samples + begin, width);
    for (size_t r = 0; r < R; ++r) total[r] += column * w[r * inner + k];
  }
  for (size_t r = 0; r < R; ++r) std::memcpy(out + r * samples + begin, &total[r], width * sizeof(double));
}

template <size_t R>
DIRECTCLR_INLINE void multiply_rows(const double* w, size_t inner, const double* x, size_t samples, double* out) {
  size_t j = 0;
  for (; j + kLanes <= samples; j += kLanes) multiply_block<R>(w, inner, x, samples, j, kLanes, out);
  if (j < samples) multiply_block<R>(w, inner, x, samples, j, samples - j, out);
}

DIRECTCLR_CLONES void multiply_all(const double* w, size_t rows, size_t inner, const double* x, size_t samples,
                                   double* out) {
  size_t i = 0;
  for (; i + kRows <= rows; i += kRows) multiply_rows<kRows>(w + i * inner, inner, x, samples, out + i * samples);
  for (; i < rows; ++i) multiply_rows<1>(w + i * inner, inner, x, samples, out + i * samples);
}

template <size_t R>
DIRECTCLR_INLINE void add_block(const double* a, const double* x, size_t samples, size_t width, Lanes* total) {
  Lanes right;
  load_some(right, x, width);
  for (size_t r = 0; r < R; ++r) {
    Lanes left;
    load_some(left, a + r * samples, width);
    total[r] += left * right;
  }
}

template <size_t R>
DIRECTCLR_INLINE void add_inner_products(const double* a, const double* x, size_t samples, double* out, size_t stride) {
  Lanes total[R] = {};
  size_t j = 0;
  for (; j + kLanes <= samples; j += kLanes) add_block<R>(a + j, x + j, samples, kLanes, total);
  if (j < samples) add_block<R>(a + j, x + j, samples, samples - j, total);
  for (size_t r = 0; r < R; ++r) out[r * stride] += sum(total[r]);
}

DIRECTCLR_CLONES void add_outer_product(const double* a, size_t rows, const double* x, size_t columns, size_t samples,
                                        double* out) {
  for (size_t k = 0; k < columns; ++k) {
    size_t i = 0;
    for (; i + kRows <= rows; i += kRows) {
      add_inner_products<kRows>(a + i * samples, x + k * samples, samples, out + i * columns + k, columns);
    }
    for (; i < rows; ++i) {
      add_inner_products<1>(a + i * samples, x + k * samples, samples, out + i * columns + k, columns);
    }
  }
}

}  // namespace

void multiply(const Matrix& w, const Matrix& x, Matrix& out) {
  out.resize(w.rows(), x.cols());
  multiply_all(w.data(), static_cast<size_t>(w.rows()), static_cast<size_t>(w.cols()), x.data(),
               static_cast<size_t>(x.cols()), out.data());
}

void outer_product(const Matrix& a, const Matrix& x, const Matrix& b, const Matrix& y, Matrix& out) {
  out = Matrix::Zero(a.rows(), x.rows());
  const auto rows = static_cast<size_t>(a.rows());
  const auto columns = static_cast<size_t>(x.rows());
  add_outer_product(a.data(), rows, x.data(), columns, static_cast<size_t>(a.cols()), out.data());
  add_outer_product(b.data(), rows, y.data(), columns, static_cast<size_t>(b.cols()), out.data());
}

}  // namespace directclr::theory
