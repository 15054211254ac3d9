#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/linalg/pair_kernels.h"
#include "module.h"
#include "torch_threads.h"

namespace nb = nanobind;

namespace directclr::python {
namespace {

template <class T>
using Values = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Tile = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

constexpr size_t kRowsAtOnce = 64;  // of a tile, by one thread

void check_lengths(const Tile& tile, size_t rows, size_t columns) {
  if (rows != tile.shape(0) || columns != tile.shape(1)) throw InputError("tile", "sums of another length");
}

// linalg::PairKernels::exponentials over a tile (h, w) on PyTorch's threads.
void exponentials(Tile tile, float scale, float shift, int64_t diagonal, Values<double> row_sums,
                  Values<double> column_sums, size_t threads) {
  check_lengths(tile, row_sums.shape(0), column_sums.shape(0));
  const auto& kernels = linalg::pair_kernels();
  const size_t height = tile.shape(0), width = tile.shape(1);
  float* const data = tile.data();
  double* const rows = row_sums.data();
  double* const columns = column_sums.data();
  const nb::gil_scoped_release release;
  // Sums of columns are kept by part, so that they do not depend on the threads.
  std::vector<std::vector<double>> parts((height + kRowsAtOnce - 1) / kRowsAtOnce);
  for_on_torch_threads(threads, height, kRowsAtOnce, [&](size_t first, size_t last) {
    auto& part = parts[first / kRowsAtOnce];
    part.assign(width, 0);
    kernels.exponentials(data + first * width, last - first, width, scale, shift,
                         diagonal + static_cast<int64_t>(first), rows + first, part.data());
  });
  for (const auto& part : parts) {
    for (size_t j = 0; j < width; ++j) columns[j] += part[j];
  }
}

// linalg::PairKernels::weights_by_shift over a tile (h, w) on PyTorch's threads.
void weights(Tile tile, float scale, float shift, int64_t diagonal, Values<float> u, Values<float> v, size_t threads) {
  check_lengths(tile, u.shape(0), v.shape(0));
  const auto& kernels = linalg::pair_kernels();
  const size_t height = tile.shape(0), width = tile.shape(1);
  float* const data = tile.data();
  const float* const of_rows = u.data();
  const float* const of_columns = v.data();
  const nb::gil_scoped_release release;
  for_on_torch_threads(threads, height, kRowsAtOnce, [&](size_t first, size_t last) {
    kernels.weights_by_shift(data + first * width, last - first, width, scale, shift,
                             diagonal + static_cast<int64_t>(first), of_rows + first, of_columns);
  });
}

// linalg::PairKernels::weights_of_exponentials over a tile (h, w) on PyTorch's threads.
void weights_of_exponentials(Tile tile, Values<float> u, Values<float> v, Tile into, size_t threads) {
  check_lengths(tile, u.shape(0), v.shape(0));
  check_lengths(into, u.shape(0), v.shape(0));
  const auto& kernels = linalg::pair_kernels();
  const size_t height = tile.shape(0), width = tile.shape(1);
  const float *const data = tile.data(), *const of_rows = u.data(), *const of_columns = v.data();
  float* const to = into.data();
  const nb::gil_scoped_release release;
  for_on_torch_threads(threads, height, kRowsAtOnce, [&](size_t first, size_t last) {
    kernels.weights_of_exponentials(data + first * width, last - first, width, of_rows + first, of_columns,
                                    to + first * width);
  });
}

}  // namespace

void add_losses(nb::module_& m) {
  m.def("pair_exponentials", &exponentials, nb::arg("tile"), nb::arg("scale"), nb::arg("shift"), nb::arg("diagonal"),
        nb::arg("row_sums"), nb::arg("column_sums"), nb::arg("threads"));
  m.def("pair_weights", &weights, nb::arg("tile"), nb::arg("scale"), nb::arg("shift"), nb::arg("diagonal"),
        nb::arg("u"), nb::arg("v"), nb::arg("threads"));
  m.def("pair_weights_of_exponentials", &weights_of_exponentials, nb::arg("tile"), nb::arg("u"), nb::arg("v"),
        nb::arg("into"), nb::arg("threads"));
}

}  // namespace directclr::python
