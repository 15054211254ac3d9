#include "directclr/spectrum/column_moments.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "directclr/core/dispatch.h"
#include "directclr/core/parallel.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

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
  parallel_for(static_cast<size_t>(dimensions), kStrip,
               [&](size_t begin, size_t end) { job(static_cast<int64_t>(begin), static_cast<int64_t>(end - begin)); });
}

// Calls job with the rows' own pointer type.
template <class Job>
void with_pointer(const Array& rows, const Job& job) {
  if (rows.dtype() == DType::kFloat64) {
    job(rows.data<double>());
  } else {
    job(rows.data<float>());
  }
}

}  // namespace

Array plain_rows(const Array& rows) {
  return rows.dtype() == DType::kFloat64 ? rows.contiguous() : rows.to(DType::kFloat32);
}

std::vector<double> row_lengths(const Array& rows) {
  std::vector<double> lengths(static_cast<size_t>(rows.size(0)));
  const int64_t dimensions = rows.size(1);
  with_pointer(rows, [&](const auto* data) {
    parallel_for(lengths.size(), 16, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        lengths[i] = std::sqrt(square_sum_of(data + static_cast<int64_t>(i) * dimensions, dimensions));
      }
    });
  });
  return lengths;
}

void add_unit_sums(const Array& rows, std::span<const double> lengths, std::span<double> sum,
                   std::span<double> squares) {
  const int64_t dimensions = rows.size(1);
  with_pointer(rows, [&](const auto* data) {
    for_strips(dimensions, [&](int64_t begin, int64_t width) {
      for (size_t i = 0; i < lengths.size(); ++i) {
        const double scale = 1 / std::max(lengths[i], 1e-12);
        add_scaled_of(data + static_cast<int64_t>(i) * dimensions + begin, scale, width, sum.data() + begin,
                      squares.data() + begin);
      }
    });
  });
}

std::vector<double> mean_of(const Array& rows) {
  const int64_t n = rows.size(0), dimensions = rows.size(1);
  if (n < 1) throw std::invalid_argument("[mean_of] expected a row, got none");
  std::vector<double> mean(static_cast<size_t>(dimensions), 0);
  with_pointer(rows, [&](const auto* data) {
    for_strips(dimensions, [&](int64_t begin, int64_t width) {
      for (int64_t i = 0; i < n; ++i) add_of(data + i * dimensions + begin, width, mean.data() + begin);
      for (int64_t d = begin; d < begin + width; ++d) mean[static_cast<size_t>(d)] /= static_cast<double>(n);
    });
  });
  return mean;
}

Array unit_rows(const Array& rows) {
  Array unit = rows.to(DType::kFloat64);
  if (unit.raw() == rows.raw()) unit = unit.clone();
  const auto lengths = row_lengths(rows);
  const auto values = unit.mutable_values<double>();
  const auto dimensions = static_cast<size_t>(rows.size(1));
  for (size_t i = 0; i < lengths.size(); ++i) {
    const double length = std::max(lengths[i], 1e-12);
    for (size_t d = 0; d < dimensions; ++d) values[i * dimensions + d] /= length;
  }
  return unit;
}

}  // namespace directclr::spectrum
