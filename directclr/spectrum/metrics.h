#pragma once

#include <cstdint>
#include <vector>

namespace directclr::spectrum {

// What a list of singular values or eigenvalues says, in one number. Free of tensors, for every layer above.

/// exp of the Shannon entropy of p_k = v_k / sum v (Roy & Vetterli 2007). 1 .. size; 0 for an all-zero input.
/// Applied to eigenvalues lambda of the covariance it is the "lambda" (variance) form; applied to their square roots,
/// the singular values of the centred features, the "sigma" form, which is the original definition.
double effective_rank(const std::vector<double>& values);

/// sum(v)^2 / sum(v^2) of covariance eigenvalues; 0 for an all-zero input.
double participation_ratio(const std::vector<double>& values);

/// How many values lie below `share` times the largest. All of them, if the largest is 0.
int64_t count_below(const std::vector<double>& values, double share);

}  // namespace directclr::spectrum
