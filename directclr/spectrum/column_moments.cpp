#include "directclr/spectrum/column_moments.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/dispatch.h"

namespace directclr::spectrum {
namespace {

using at::Tensor;

constexpr int64_t kStrip = 256;  // columns at a time: their sums stay in the first cache
constexpr int64_t kLanes = 8;

template <class T>
inline double square_sum(const T* row, int64_t dimensions) {
  double lanes[kLanes] = {};
  int64_t d = 0;
  for (; d + kLanes <= dimensions; d += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += static_cast<double>(row[d + l]) * static_cast<double>(row[d + l]);
  }
  for (; d < dimensions; ++d) lanes[0] += static_cast<double>(row[d]) * static_cast<double>(row[d]);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

template <class T>
inline void add_scaled(const T* row, double scale, int64_t width, double* sum, double* squares) {
  for (int64_t d = 0; d < width; ++d) {
    const double value = static_cast<double>(row[d]) * scale;
    sum[d] += value;
    squares[d] += value * value;
  }
}

template <class T>
inline void add(const T* row, int64_t width, double* sum) {
  for (int64_t d = 0; d < width; ++d) sum[d] += static_cast<double>(row[d]);
}

// The compiler clones functions that are no templates.
DIRECTCLR_CLONES double square_sum_of(const float* row, int64_t n) { return square_sum(row, n); }
DIRECTCLR_CLONES double square_sum_of(const double* row, int64_t n) { return square_sum(row, n); }
DIRECTCLR_CLONES void add_scaled_of(const float* row, double scale, int64_t n, double* sum, double* squares) {
  add_scaled(row, scale, n, sum, squares);
}
DIRECTCLR_CLONES void add_scaled_of(const double* row, double scale, int64_t n, double* sum, double* squares) {
  add_scaled(row, scale, n, sum, squares);
}
DIRECTCLR_CLONES void add_of(const float* row, int64_t n, double* sum) { add(row, n, sum); }
DIRECTCLR_CLONES void add_of(const double* row, int64_t n, double* sum) { add(row, n, sum); }

// job(begin, width) for strips of columns, spread over threads.
template <class Job>
void for_strips(int64_t dimensions, const Job& job) {
  const int64_t strips = (dimensions + kStrip - 1) / kStrip;
  at::parallel_for(0, strips, 1, [&](int64_t from, int64_t to) {
    for (int64_t s = from; s < to; ++s) job(s * kStrip, std::min(kStrip, dimensions - s * kStrip));
  });
}

// Calls job with the rows' own pointer type.
template <class Job>
void with_pointer(const Tensor& rows, const Job& job) {
  if (rows.scalar_type() == at::kDouble) {
    job(rows.const_data_ptr<double>());
  } else {
    job(rows.const_data_ptr<float>());
  }
}

}  // namespace

Tensor plain_rows(const Tensor& rows) {
  return (rows.scalar_type() == at::kDouble ? rows : rows.to(at::kFloat)).contiguous();
}

Tensor row_lengths(const Tensor& rows) {
  const Tensor z = plain_rows(rows);
  Tensor lengths = at::empty({z.size(0)}, at::kDouble);
  double* out = lengths.mutable_data_ptr<double>();
  const int64_t dimensions = z.size(1);
  with_pointer(z, [&](const auto* data) {
    at::parallel_for(0, z.size(0), 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = std::sqrt(square_sum_of(data + i * dimensions, dimensions));
    });
  });
  return lengths;
}

void add_unit_sums(const Tensor& rows, const Tensor& lengths, Tensor& sum, Tensor& squares) {
  const Tensor z = plain_rows(rows);
  const double* length = lengths.const_data_ptr<double>();
  double* sums = sum.mutable_data_ptr<double>();
  double* square_sums = squares.mutable_data_ptr<double>();
  const int64_t n = z.size(0), dimensions = z.size(1);
  with_pointer(z, [&](const auto* data) {
    for_strips(dimensions, [&](int64_t begin, int64_t width) {
      for (int64_t i = 0; i < n; ++i) {
        const double scale = 1 / std::max(length[i], 1e-12);
        add_scaled_of(data + i * dimensions + begin, scale, width, sums + begin, square_sums + begin);
      }
    });
  });
}

Tensor mean_of(const Tensor& rows) {
  const Tensor z = plain_rows(rows);
  const int64_t n = z.size(0), dimensions = z.size(1);
  TORCH_CHECK(n >= 1, "[mean_of] expected a row, got none");
  Tensor mean = at::zeros({dimensions}, at::kDouble);
  double* means = mean.mutable_data_ptr<double>();
  with_pointer(z, [&](const auto* data) {
    for_strips(dimensions, [&](int64_t begin, int64_t width) {
      for (int64_t i = 0; i < n; ++i) add_of(data + i * dimensions + begin, width, means + begin);
      for (int64_t d = begin; d < begin + width; ++d) means[d] /= static_cast<double>(n);
    });
  });
  return mean;
}

}  // namespace directclr::spectrum
