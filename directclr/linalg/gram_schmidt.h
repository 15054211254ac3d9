#pragma once

#include <cstddef>

#include "directclr/linalg/panels.h"

namespace directclr::linalg {

/// Makes row i of `rows`, which is not 0, of length 1 and orthogonal to rows first .. i - 1, which are of length 1 and
/// orthogonal to one another. Rows have `stride` elements, a multiple of 8.
void orthogonalize(const PanelKernels& kernels, double* rows, size_t stride, size_t first, size_t i);

}  // namespace directclr::linalg
