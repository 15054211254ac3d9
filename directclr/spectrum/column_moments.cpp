#include "directclr/spectrum/column_moments.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "directclr/core/parallel.h"
#include "directclr/spectrum/kernels.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

constexpr int64_t kStrip = 256;  // columns at a time: their sums stay in the first cache

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
        lengths[i] = std::sqrt(kernels().of(data).square_sum(data + static_cast<int64_t>(i) * dimensions, dimensions));
      }
    });
  });
  return lengths;
}

Array rows_in_range(const Array& rows, std::vector<double>& lengths) {
  constexpr double kLeast = 1e-140, kMost = 1e150;
  const auto in_range = [](double length) { return length >= kLeast && length <= kMost; };
  if (rows.dtype() != DType::kFloat64 || std::all_of(lengths.begin(), lengths.end(), in_range)) return rows;
  Array result = rows.clone();
  const auto dimensions = static_cast<size_t>(rows.size(1));
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (in_range(lengths[i])) continue;
    const auto row = result.mutable_values<double>().subspan(i * dimensions, dimensions);
    const double scale = scale_into_range(row);
    if (scale == 1) continue;  // of zeros, or not finite
    for (double& value : row) value *= scale;
    lengths[i] = std::sqrt(kernels().doubles.square_sum(row.data(), rows.size(1)));
  }
  return result;
}

double scale_into_range(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  if (largest == 0 || !std::isfinite(largest)) return 1;
  const int exponent = std::ilogb(largest);
  return std::abs(exponent) < 64 ? 1 : std::ldexp(1, std::clamp(-exponent, -1022, 1022));
}

Array times(const Array& values, double factor) {
  Array result = values.clone();
  for (double& value : result.mutable_values<double>()) value *= factor;
  return result;
}

void add_unit_sums(const Array& rows, std::span<const double> lengths, std::span<double> sum,
                   std::span<double> squares) {
  const int64_t dimensions = rows.size(1);
  with_pointer(rows, [&](const auto* data) {
    for_strips(dimensions, [&](int64_t begin, int64_t width) {
      for (size_t i = 0; i < lengths.size(); ++i) {
        if (lengths[i] == 0) continue;
        const double scale = 1 / lengths[i];
        kernels().of(data).add_scaled(data + static_cast<int64_t>(i) * dimensions + begin, scale, width,
                                      sum.data() + begin, squares.data() + begin);
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
      const auto* first = data + begin;
      for (int64_t i = 1; i < n; ++i) {
        kernels().of(data).add_apart(first + i * dimensions, first, width, mean.data() + begin);
      }
      for (int64_t d = 0; d < width; ++d) {
        double& value = mean[static_cast<size_t>(begin + d)];
        value = static_cast<double>(first[d]) + value / static_cast<double>(n);
      }
    });
  });
  return mean;
}

Array unit_rows(const Array& given) {
  auto lengths = row_lengths(given);
  const Array rows = rows_in_range(given, lengths);
  Array unit = rows.to(DType::kFloat64);
  if (unit.raw() == given.raw()) unit = unit.clone();
  const auto values = unit.mutable_values<double>();
  const auto dimensions = static_cast<size_t>(rows.size(1));
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] == 0) continue;
    for (size_t d = 0; d < dimensions; ++d) values[i * dimensions + d] /= lengths[i];
  }
  return unit;
}

}  // namespace directclr::spectrum
