#pragma once

#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// W = U diag(s) V^T with s descending, W square.
struct Svd {
  Matrix u;  // (n, n)
  Vector s;  // (n)
  Matrix v;  // (n, n)
};

/// By one-sided Jacobi rotations, which keep the small values' digits. Requires: w square; throws InputError.
Svd svd(const Matrix& w);

/// Singular values, descending; w of any shape.
Vector singular_values(const Matrix& w);

/// Flips pairs (u_k, v_k) so that each v_k points the way of the reference's. A decomposition is unique only up to
/// these signs, which a derivative by differences must not see jump.
void match_signs(const Svd& reference, Svd& decomposition);

/// Lemma 4: ds_k/dt = u_k^T W' v_k. (n)
Vector singular_value_rates(const Svd& w, const Matrix& w_rate);

/// Lemma 5: the rates of U and V when W changes at w_rate (n, n), all values distinct.
///   U' = U (H o (U^T W' V S + S V^T W'^T U)),  V' = V (H o (V^T W'^T U S + S U^T W' V)),
///   H_kk' = 1 / (s_k'^2 - s_k^2), 0 on the diagonal.
/// The paper prints H with the opposite sign (its Eqn 15), which contradicts its own proof; docs/math.md, "Lemma 5".
struct VectorRates {
  Matrix u;  // (n, n)
  Matrix v;  // (n, n)
};
VectorRates singular_vector_rates(const Svd& w, const Matrix& w_rate);

/// A = V2^T U1 (n, n): how the left vectors of the first layer meet the right vectors of the second.
Matrix alignment(const Svd& w1, const Svd& w2);

/// Mean absolute entry off the diagonal: 0 for aligned layers. Requires more than one row.
double mean_off_diagonal(const Matrix& a);

/// Lemma 6: A' = -A (H1 o (A^T F + F^T A)) + (H2 o (A F^T + F A^T)) A with F = S2 U2^T G V1 S1, when both layers follow
/// the gradient flow of Lemma 3. g = dL / d(W2 W1) (n, n).
Matrix alignment_rate(const Svd& w1, const Svd& w2, const Matrix& g);

/// Lemma 7: the rates of both layers' singular values under the same flow, (n) each.
struct ValueRates {
  Vector first;
  Vector second;
};
ValueRates layer_value_rates(const Svd& w1, const Svd& w2, const Matrix& g);

/// Theorem 3: the same for aligned layers, s1_k' = s1_k s2_k^2 (v1_k^T X v1_k) and s2_k' = s2_k s1_k^2 (v1_k^T X v1_k).
/// x: the contrast matrix, (n, n).
ValueRates aligned_value_rates(const Svd& w1, const Vector& s2, const Matrix& x);

}  // namespace directclr::theory
