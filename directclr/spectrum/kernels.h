#pragma once

#include <cstdint>

namespace directclr::spectrum {

/// The inner loops over rows. Contract (core/dispatch.h): the same bits at every width of registers.
struct Kernels {
  /// What is offered for both types of rows.
  template <class T>
  struct Of {
    /// sum_d x_d^2.
    double (*square_sum)(const T* row, int64_t n);
    /// Adds scale x_d to sum[d], and its square to squares[d].
    void (*add_scaled)(const T* row, double scale, int64_t n, double* sum, double* squares);
    /// Adds x_d - base_d to sum[d].
    void (*add_apart)(const T* row, const T* base, int64_t n, double* sum);
    /// sum_j exp(4 x_j - 4), |x_j| <= 1 and a little.
    double (*potential)(const T* products, int64_t n);
  };
  Of<float> floats;
  Of<double> doubles;
  const Of<float>& of(const float*) const { return floats; }
  const Of<double>& of(const double*) const { return doubles; }

  /// sum_d (a_d - b_d)^2.
  double (*squared_distance)(const double* a, const double* b, int64_t n);

  /// The first j from `begin` on, in whole steps of kStep, near which values[j] - offsets[j] is above `floor`; else
  /// where no whole step is left. Most steps hold none, so this passes over them.
  int64_t (*next_above)(const float* values, const float* offsets, float floor, int64_t begin, int64_t end);
  /// The same with one offset, and a floor for each value.
  int64_t (*next_above_floors)(const float* values, float offset, const float* floors, int64_t begin, int64_t end);
  static constexpr int64_t kStep = 32;
};

/// The kernels for this processor.
const Kernels& kernels();
/// Those for registers of 16, 32 or 64 bytes; null where the processor has none. For tests.
const Kernels* kernels_of_width(int bytes);

}  // namespace directclr::spectrum
