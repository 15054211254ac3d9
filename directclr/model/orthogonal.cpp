#include "directclr/model/orthogonal.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

namespace directclr::model {
namespace {

using torch::Tensor;

// Beyond it the sum's terms grow so large, before they shrink, that their roundings would show.
constexpr double kLongestSum = 8;

// Where the host does not look: S is halved until its norm is at most this, at most so many times.
constexpr double kLongestPart = 0.5;
constexpr int kMostHalvings = 10;

// No less than the square of the largest singular value, by one product: that of S S^T = -S S.
Tensor squared_norm_bound(const Tensor& s) { return s.mm(s).abs().sum(0).max(); }

bool is_double(const Tensor& t) { return t.scalar_type() == torch::kDouble; }

Tensor commutator(const Tensor& s, const Tensor& m) {
  const Tensor product = s.mm(m);
  return product - product.t();
}

// sum_k ad^k(m) / (k + 1)! for skew-symmetric s and m, until terms no longer count.
Tensor summed(const Tensor& s, const Tensor& m) {
  const double enough = is_double(m) ? 1e-17 : 1e-8;
  Tensor sum = m.clone(), term = m;
  const double size = m.abs().max().item<double>();
  for (int k = 1; k < 100 && term.abs().max().item<double>() > enough * size; ++k) {
    term = commutator(s, term) / (k + 1);
    sum += term;
  }
  return sum;
}

// e^s for |s| <= 1/2: the terms to s^16, in six products (Paterson and Stockmeyer 1973).
Tensor exponential_of_short(const Tensor& s) {
  const Tensor s2 = s.mm(s), s3 = s2.mm(s), s4 = s2.mm(s2);
  const auto inverse_factorial = [](int k) { return 1 / std::tgamma(k + 1.0); };
  Tensor sum = s4 * inverse_factorial(16);
  for (int j = 3; j >= 0; --j) {
    sum += s * inverse_factorial(4 * j + 1) + s2 * inverse_factorial(4 * j + 2) + s3 * inverse_factorial(4 * j + 3);
    sum.diagonal().add_(inverse_factorial(4 * j));
    if (j > 0) sum = s4.mm(sum);
  }
  return sum;
}

// dL/dA of dL/dW, where the host looks at the norm.
Tensor gradient_by_looks(const Tensor& s, Tensor m) {
  // With f(z) = (e^z - 1) / z, which the sum is of z = ad: f(z) = f(z / 2) (1 + e^(z / 2)) / 2, and e^ad turns m.
  const double norm = 2 * std::sqrt(squared_norm_bound(s).item<double>());
  const int halvings = norm > kLongestSum ? static_cast<int>(std::ceil(std::log2(norm / kLongestSum))) : 0;
  const Tensor part = s / std::pow(2.0, halvings);
  Tensor turn = halvings > 0 ? torch::matrix_exp(part) : Tensor();
  for (int i = 0; i < halvings; ++i) {
    if (i > 0) turn = turn.mm(turn);
    m = (m + turn.mm(m).mm(turn.t())) / 2;
  }
  return 2 * summed(part, m);
}

// The same, where it does not: `part` is s halved `halvings` times, a tensor, and `turn` its exponential.
Tensor gradient_without_looks(const Tensor& part, const Tensor& halvings, Tensor turn, Tensor m) {
  for (int i = 0; i < kMostHalvings; ++i) {
    if (i > 0) turn = turn.mm(turn);
    m = torch::where(halvings.gt(i), (m + turn.mm(m).mm(turn.t())) / 2, m);
  }
  const int terms = is_double(m) ? 18 : 11;  // 1 / (k + 1)! for |ad| <= 2 kLongestPart
  Tensor sum = m.clone(), term = m;
  for (int k = 1; k <= terms; ++k) {
    term = commutator(part, term) / (k + 1);
    sum += term;
  }
  return 2 * sum;
}

struct Orthogonal : torch::autograd::Function<Orthogonal> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& a, bool host_looks) {
    const Tensor s = a - a.t();
    if (host_looks) {
      const Tensor w = torch::matrix_exp(s);
      context->save_for_backward({w, s});
      return w;
    }
    const Tensor halvings = (squared_norm_bound(s).sqrt() / kLongestPart).log2().ceil().clamp_min(0);
    const Tensor part = s * torch::exp2(-halvings), root = exponential_of_short(part);
    Tensor w = root;
    for (int i = 0; i < kMostHalvings; ++i) w = torch::where(halvings.gt(i), w.mm(w), w);
    w = torch::where(halvings.gt(kMostHalvings), std::numeric_limits<double>::quiet_NaN(), w);
    context->save_for_backward({w, part, halvings, root});
    return w;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor& w = saved[0];
    const Tensor product = w.t().mm(gradients[0].to(w.scalar_type()));
    const Tensor m = (product - product.t()) / 2;
    const bool host_looks = saved.size() == 2;
    return {host_looks ? gradient_by_looks(saved[1], m) : gradient_without_looks(saved[1], saved[2], saved[3], m),
            Tensor()};
  }
};

}  // namespace

Tensor orthogonal_from(const Tensor& a) { return orthogonal_from(a, a.is_cpu()); }
Tensor orthogonal_from(const Tensor& a, bool host_looks) { return Orthogonal::apply(a, host_looks); }

}  // namespace directclr::model
