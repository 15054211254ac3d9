#pragma once

#include <cstdint>

#include "directclr/experiment/comparison_views.h"

namespace directclr::paper {

// Suites are written in the terms of experiment/.
using namespace experiment;  // NOLINT(google-build-using-namespace)

// The variants of Tables 1 and 2, Appendix F and Figure 12, each compared with no projector. 1 <= d0 <= D.
Variant no_projector();
Variant mlp();
Variant linear();
Variant orthogonal();
Variant diagonal();
Variant fixed_low_rank(int64_t d0);
Variant direct(int64_t d0);
Variant random_dropout(int64_t d0);

}  // namespace directclr::paper
