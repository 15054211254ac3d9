#pragma once

#include "directclr/core/philox.h"
#include "directclr/theory/check.h"
#include "directclr/theory/views.h"

namespace directclr::theory {

// One function a statement; check.cpp lists them. Defined in checks_*.cpp.

// checks_gradients.cpp
Check check_eqn4(const CheckSettings& settings);
Check check_lemma1(const CheckSettings& settings);
Check check_lemma2(const CheckSettings& settings);
Check check_threshold(const CheckSettings& settings);
Check check_lemma3(const CheckSettings& settings);
// checks_one_layer.cpp
Check check_theorem1(const CheckSettings& settings);
Check check_corollary1(const CheckSettings& settings);
// checks_singular.cpp
Check check_lemma4(const CheckSettings& settings);
Check check_lemma5(const CheckSettings& settings);
Check check_lemma6(const CheckSettings& settings);
Check check_lemma7(const CheckSettings& settings);
// checks_two_layers.cpp
Check check_conservation(const CheckSettings& settings);
Check check_theorem2(const CheckSettings& settings);
Check check_theorem3(const CheckSettings& settings);
Check check_corollary2(const CheckSettings& settings);
// checks_projectors.cpp
Check check_proposition1(const CheckSettings& settings);
Check check_proposition2(const CheckSettings& settings);
// checks_residual.cpp
Check check_subvector(const CheckSettings& settings);

/// The random numbers of one trial of one check: (seed, trial, check's number) decide them.
inline RandomStream trial_stream(const CheckSettings& settings, int64_t trial, uint64_t check) {
  return RandomStream(static_cast<uint64_t>(settings.seed), Purpose::kTheoryCheck, static_cast<uint32_t>(trial), check);
}

/// A batch of standard normal points whose second view carries noise of variance k in the last `noised` dimensions.
Views normal_views(RandomStream& random, Index dimension, Index samples, Index noised, double k);

/// The largest entry of |a - b|, over the largest of |b|.
inline double relative_difference(const Matrix& a, const Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff() / std::max(b.cwiseAbs().maxCoeff(), 1e-300);
}

}  // namespace directclr::theory
