#pragma once

#include <cstddef>
#include <vector>

namespace directclr::linalg {

/// A symmetric tridiagonal matrix.
struct Tridiagonal {
  std::vector<double> diagonal;      ///< n values
  std::vector<double> off_diagonal;  ///< n - 1
};

/// Eigenvalues, largest first, of the leading n x n part. By bisection: the signs of a Sturm sequence tell exactly how
/// many eigenvalues of a matrix lie below a value whose elements differ from the given ones by some roundings (Demmel,
/// Dhillon and Ren 1995), so each is right to a few times machine epsilon times the largest in magnitude, whatever n;
/// implicit QR steps lose a few n. Many are sought side by side, on all threads. Requires finite elements.
std::vector<double> eigenvalues(const Tridiagonal& matrix, size_t n);

}  // namespace directclr::linalg
