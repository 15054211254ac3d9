#pragma once

#include <cstddef>
#include <vector>

#include "directclr/core/dispatch.h"

namespace directclr::linalg {

/// A symmetric tridiagonal matrix.
struct Tridiagonal {
  std::vector<double> diagonal;      ///< n values
  std::vector<double> off_diagonal;  ///< n - 1
};

/// Eigenvalues, largest first, of the leading n x n part. By bisection: the signs of a Sturm sequence tell exactly how
/// many eigenvalues of a matrix lie below a value whose elements differ from the given ones by some roundings (Demmel,
/// Dhillon and Ren 1995), so each is right to a few times machine epsilon times the largest in magnitude, whatever n;
/// implicit QR steps lose a few n. Many are sought side by side, on all threads. The same bits in registers of
/// every width (core/dispatch.h). Requires finite elements, and registers that the processor has
/// (std::invalid_argument).
std::vector<double> eigenvalues(const Tridiagonal& matrix, size_t n, int register_bytes = vector_bytes());

}  // namespace directclr::linalg
