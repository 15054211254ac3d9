#pragma once

#include <string>

#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// A covariance matrix (size, size) from its description:
///   "identity"            I
///   "power:A"             diag(1, 2^-A, 3^-A, ...)
///   "diagonal:V1,V2,..."  as listed, one value a dimension
///   anything else         a csv file of `size` rows of `size` numbers, symmetric
/// Throws InputError naming `where` when it cannot be read, has another size, or is not positive semi-definite.
Matrix read_covariance(const std::string& text, Index size, const std::string& where);

/// F with F F^T = C: the symmetric square root. Throws InputError naming `where` when C is not symmetric or has an
/// eigenvalue below -1e-12 of the largest.
Matrix covariance_root(const Matrix& covariance, const std::string& where);

/// The noise of the paper's Section 4: blockdiag(0, k I), the last `noised` of `size` dimensions with variance k.
/// Throws InputError for k < 0 or noised outside 0 .. size.
Matrix block_noise(Index size, Index noised, double k);

}  // namespace directclr::theory
