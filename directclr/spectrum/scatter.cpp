#include "directclr/spectrum/scatter.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "directclr/spectrum/column_moments.h"

namespace directclr::spectrum {
namespace {

// Columns go in panels: `width` of them, row by row.
struct ScatterKernels {
  size_t width;
  size_t across;  // panels that a product takes on its right

  // `count` rows of up to `width` columns, less their means; what is missing of a panel is 0.
  void (*pack_floats)(const float* rows, size_t count, ptrdiff_t stride, const double* mean, size_t columns,
                      double* panel);
  void (*pack_doubles)(const double* rows, size_t count, ptrdiff_t stride, const double* mean, size_t columns,
                       double* panel);
  // Adds left^T right of one panel and of `across`: of the sums the first `rows` and `columns`.
  void (*add_products)(const double* left, const double* right, size_t count, size_t rows, size_t columns, double* to,
                       ptrdiff_t stride);
};

#define DIRECTCLR_KERNELS "directclr/spectrum/scatter_kernels.inc"
#include "directclr/core/variants.inc"

constexpr size_t kRowsAtOnce = 512;  // enough for a product to take longer than the adding of its sums
constexpr size_t kPanelsAtOnce = 4;  // on the left of one product after the other, while its right stays near

// The sums of all pairs of columns, of which the left one is in panels `begin` to `end`.
void add_products_of(const ScatterKernels& k, const double* panels, size_t count, size_t begin, size_t end,
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

void add_scatter(const at::Tensor& rows, const at::Tensor& mean, at::Tensor& scatter, int register_bytes) {
  TORCH_CHECK(rows.dim() == 2 && mean.is_contiguous() && scatter.is_contiguous() && mean.dim() == 1 &&
                  mean.size(0) == rows.size(1) && scatter.dim() == 2 && scatter.size(0) == rows.size(1) &&
                  scatter.size(1) == rows.size(1),
              "[add_scatter] expected (n, D), (D) and (D, D), got ", rows.sizes(), ", ", mean.sizes(), " and ",
              scatter.sizes());
  const auto* variant = variant_of_width<ScatterKernels>(register_bytes, DIRECTCLR_VARIANTS(kKernels));
  TORCH_CHECK(variant, "[add_scatter] expected registers that the processor has, got ", register_bytes, " bytes");
  const ScatterKernels& k = *variant;
  const at::Tensor z = plain_rows(rows);
  const auto n = static_cast<size_t>(z.size(0)), dimensions = static_cast<size_t>(z.size(1));
  const size_t step = k.across * k.width, panels = (dimensions + step - 1) / step * k.across;
  const at::Tensor packed = at::empty({static_cast<int64_t>(panels * k.width * std::min(n, kRowsAtOnce))}, at::kDouble);
  double* const memory = packed.mutable_data_ptr<double>();
  const double* const means = mean.const_data_ptr<double>();
  double* const sums = scatter.mutable_data_ptr<double>();
  for (size_t first = 0; first < n; first += kRowsAtOnce) {
    const size_t count = std::min(kRowsAtOnce, n - first);
    const auto pack = [&](size_t p) {
      const size_t column = std::min(p * k.width, dimensions), columns = dimensions - column;
      double* const to = memory + p * k.width * count;
      const size_t from = first * dimensions + column;
      const auto stride = static_cast<ptrdiff_t>(dimensions);
      if (z.scalar_type() == at::kDouble) {
        k.pack_doubles(z.const_data_ptr<double>() + from, count, stride, means + column, columns, to);
      } else {
        k.pack_floats(z.const_data_ptr<float>() + from, count, stride, means + column, columns, to);
      }
    };
    at::parallel_for(0, static_cast<int64_t>(panels), 8, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) pack(static_cast<size_t>(p));
    });
    // Early panels meet many on their right, late ones few: one of each makes an even share.
    const size_t groups = (panels + kPanelsAtOnce - 1) / kPanelsAtOnce;
    at::parallel_for(0, static_cast<int64_t>((groups + 1) / 2), 1, [&](int64_t begin, int64_t end) {
      for (auto g = static_cast<size_t>(begin); g < static_cast<size_t>(end); ++g) {
        const auto add = [&](size_t group) {
          add_products_of(k, memory, count, group * kPanelsAtOnce, std::min((group + 1) * kPanelsAtOnce, panels),
                          dimensions, sums);
        };
        add(g);
        if (groups - 1 - g != g) add(groups - 1 - g);
      }
    });
  }
}

}  // namespace directclr::spectrum
