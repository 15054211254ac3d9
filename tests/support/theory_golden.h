#pragma once

#include <algorithm>

#include "directclr/theory/matrix.h"
#include "tests/support/golden.h"

namespace directclr::test {

/// A float64 array of a golden file as a matrix; one dimension becomes a column.
inline theory::Matrix matrix_of(const array::Array& values) {
  const theory::Index columns = values.dim() > 1 ? values.size(1) : 1;
  return Eigen::Map<const theory::Matrix>(values.values<double>().data(), values.size(0), columns);
}

/// The largest |actual - expected| within limit * (largest |expected|, or 1 where that is less).
inline ::testing::AssertionResult near(const theory::Matrix& actual, const theory::Matrix& expected, double limit) {
  if (actual.rows() != expected.rows() || actual.cols() != expected.cols()) {
    return ::testing::AssertionFailure() << "shapes differ: " << actual.rows() << " x " << actual.cols() << " against "
                                         << expected.rows() << " x " << expected.cols();
  }
  theory::Index row = 0, column = 0;
  const double difference = (actual - expected).cwiseAbs().maxCoeff(&row, &column);
  const double allowed = limit * std::max(1.0, expected.cwiseAbs().maxCoeff());
  if (difference <= allowed) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "entry (" << row << ", " << column << "): expected " << expected(row, column)
                                       << ", actual " << actual(row, column) << ", difference " << difference
                                       << ", limit " << allowed;
}

}  // namespace directclr::test
