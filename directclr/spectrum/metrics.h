#pragma once

#include <cstdint>
#include <vector>

namespace directclr::spectrum {

// What a list of singular values or eigenvalues says, in one number. Free of tensors, for every layer above. Lists are
// descending and not negative; lambda are eigenvalues of the centred covariance C = Zc^T Zc / N, sigma singular values.
// Where others define a measure of the same name differently, docs/math.md, "Measures of collapse", says so.

/// exp of the Shannon entropy of p_k = v_k / sum v (Roy & Vetterli 2007). 1 .. size; 0 for an all-zero input.
/// Applied to eigenvalues lambda of the covariance it is the "lambda" (variance) form; applied to their square roots,
/// the singular values of the centred features, the "sigma" form, which is the original definition.
double effective_rank(const std::vector<double>& values);

/// RankMe (Garrido et al. 2023): as effective_rank of the singular values of the *uncentred* embeddings, with
/// p_k = sigma_k / sum sigma + epsilon. Their epsilon is 1e-7; 0 makes it exactly an effective rank. 0 for an all-zero
/// input.
double rankme(const std::vector<double>& sigma, double epsilon);

/// sum(v)^2 / sum(v^2) of covariance eigenvalues; 0 for an all-zero input.
double participation_ratio(const std::vector<double>& values);

/// sum(lambda) / lambda_1: the stable rank of Zc, which is NESum of He & Ozay (2022). 0 for an all-zero input.
double stable_rank(const std::vector<double>& lambda);

/// How many of the largest eigenvalues it takes to hold `share` of their sum: for 0.9 the PC-ID of Ansuini et al.
/// (2019). 0 for an all-zero input. Requires 0 < share < 1.
int64_t components_holding(const std::vector<double>& lambda, double share);

/// The area under the cumulative explained "variance" of Li, Efros & Pathak (2022), Eqn 2, which sums singular values
/// (not their squares): (1/D) sum_j sum_{i<=j} sigma_i / sum sigma. (D+1)/2D when flat, 1 when one direction has all;
/// not a number for an all-zero input, which has no shares.
double cumulative_area(const std::vector<double>& lambda);

/// lambda_1 / lambda_D; infinite when the last is 0, not a number for an all-zero input, and where the last is above 0
/// but not above `floor`, so that it is not known.
double condition_number(const std::vector<double>& lambda, double floor = 0);

/// lambda_j ~ j^-alpha over the ranks first .. last (1-based, both included): alpha-ReQ (Agrawal et al. 2022), a least
/// squares fit of log lambda_j with weights 1/j. The range decides much: it belongs beside every alpha.
struct PowerLaw {
  double alpha = 0;  ///< not a number when fewer than three values of the range are above 0
  double r2 = 0;     ///< of the weighted fit
  int64_t first = 0;
  int64_t last = 0;  ///< the last of the range that is above 0, where there is an alpha
};
/// The fit to eigenvalues, descending.
PowerLaw power_law(const std::vector<double>& lambda, int64_t first, int64_t last);

/// How many values lie below `share` times the largest. All of them, if the largest is 0.
int64_t count_below(const std::vector<double>& values, double share);

}  // namespace directclr::spectrum
