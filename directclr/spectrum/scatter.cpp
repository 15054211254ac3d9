#include "directclr/spectrum/scatter.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/panels.h"

namespace directclr::spectrum {
namespace {

constexpr size_t kRowsAtOnce = 500;  // enough for a product to take longer than the adding of its sums
constexpr size_t kPanelsAtOnce = 4;  // on the left of one product after the other, while its right stays near

// The sums of all pairs of columns, of which the left one is in panels `begin` to `end`.
void add_products_of(const PanelKernels& k, const double* panels, size_t count, size_t begin, size_t end,
                     size_t dimensions, double* scatter) {
  const size_t panel = count * k.width, step = k.across * k.width;
  for (size_t column = begin * k.width / step * step; column < dimensions; column += step) {
    for (size_t left = begin; left < end; ++left) {
      const size_t row = left * k.width;
      if (row >= dimensions || column + step <= row) continue;
      k.add_products(panels + left * panel, panels + column / k.width * panel, count, dimensions - row,
                     dimensions - column, scatter + row * dimensions + column, static_cast<ptrdiff_t>(dimensions));
    }
  }
}

}  // namespace

void add_scatter(const at::Tensor& rows, const at::Tensor& mean, const at::Tensor& shift, at::Tensor& scatter,
                 int register_bytes) {
  TORCH_CHECK(rows.dim() == 2 && mean.is_contiguous() && shift.is_contiguous() && scatter.is_contiguous() &&
                  mean.dim() == 1 && mean.size(0) == rows.size(1) && shift.sizes() == mean.sizes() &&
                  scatter.dim() == 2 && scatter.size(0) == rows.size(1) && scatter.size(1) == rows.size(1),
              "[add_scatter] expected (n, D), (D), (D) and (D, D), got ", rows.sizes(), ", ", mean.sizes(), ", ",
              shift.sizes(), " and ", scatter.sizes());
  const PanelKernels& k = panel_kernels(register_bytes);
  const at::Tensor z = plain_rows(rows);
  const auto n = static_cast<size_t>(z.size(0)), dimensions = static_cast<size_t>(z.size(1));
  const size_t step = k.across * k.width, panels = (dimensions + step - 1) / step * k.across;
  const at::Tensor packed =
      at::empty({static_cast<int64_t>(panels * k.width * (std::min(n, kRowsAtOnce) + 1))}, at::kDouble);
  double* const memory = packed.mutable_data_ptr<double>();
  const double* const means = mean.const_data_ptr<double>();
  const double* const shifts = shift.const_data_ptr<double>();
  const std::vector<double> nothing(k.width, 0);
  double* const sums = scatter.mutable_data_ptr<double>();
  for (size_t first = 0; first < n; first += kRowsAtOnce) {
    const size_t own = std::min(kRowsAtOnce, n - first), count = first == 0 ? own + 1 : own;
    const auto pack = [&](size_t p) {
      const size_t column = std::min(p * k.width, dimensions), columns = dimensions - column;
      double* const to = memory + p * k.width * count;
      const size_t from = first * dimensions + column;
      const auto stride = static_cast<ptrdiff_t>(dimensions);
      if (z.scalar_type() == at::kDouble) {
        k.pack_doubles(z.const_data_ptr<double>() + from, own, stride, means + column, columns, to);
      } else {
        k.pack_floats(z.const_data_ptr<float>() + from, own, stride, means + column, columns, to);
      }
      k.pack_doubles(shifts + column, count - own, stride, nothing.data(), columns, to + own * k.width);
    };
    at::parallel_for(0, static_cast<int64_t>(panels), 8, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) pack(static_cast<size_t>(p));
    });
    // Whoever is free takes the next group: early ones, which meet many on their right, first.
    const size_t groups = (panels + kPanelsAtOnce - 1) / kPanelsAtOnce;
    std::atomic<size_t> next = 0;
    at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
      for (size_t group = next++; group < groups; group = next++) {
        add_products_of(k, memory, count, group * kPanelsAtOnce, std::min((group + 1) * kPanelsAtOnce, panels),
                        dimensions, sums);
      }
    });
  }
}

}  // namespace directclr::spectrum
