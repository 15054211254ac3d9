#include "directclr/model/orthogonal.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <cmath>

namespace directclr::model {
namespace {

using torch::Tensor;

// Beyond it the sum's terms grow so large, before they shrink, that their roundings would show.
constexpr double kLongestSum = 8;

// No less than the largest singular value, by one product: that of S S^T = -S S.
double norm_bound(const Tensor& s) { return std::sqrt(s.mm(s).abs().sum(0).max().item<double>()); }

// sum_k ad^k(m) / (k + 1)! for skew-symmetric s and m.
Tensor summed(const Tensor& s, const Tensor& m) {
  const double enough = m.scalar_type() == torch::kDouble ? 1e-17 : 1e-8;
  Tensor sum = m.clone(), term = m;
  const double size = m.abs().max().item<double>();
  for (int k = 1; k < 100 && term.abs().max().item<double>() > enough * size; ++k) {
    const Tensor product = s.mm(term);
    term = (product - product.t()) / (k + 1);
    sum += term;
  }
  return sum;
}

struct Orthogonal : torch::autograd::Function<Orthogonal> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& a) {
    const Tensor s = a - a.t(), w = torch::matrix_exp(s);
    context->save_for_backward({s, w});
    return w;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &s = saved[0], &w = saved[1];
    const Tensor product = w.t().mm(gradients[0].to(w.scalar_type()));
    Tensor m = (product - product.t()) / 2;
    // With f(z) = (e^z - 1) / z, which the sum is of z = ad: f(z) = f(z / 2) (1 + e^(z / 2)) / 2, and e^ad turns m.
    const double norm = 2 * norm_bound(s);
    const int halvings = norm > kLongestSum ? static_cast<int>(std::ceil(std::log2(norm / kLongestSum))) : 0;
    const Tensor part = s / std::pow(2.0, halvings);
    Tensor turn = halvings > 0 ? torch::matrix_exp(part) : Tensor();
    for (int i = 0; i < halvings; ++i) {
      if (i > 0) turn = turn.mm(turn);
      m = (m + turn.mm(m).mm(turn.t())) / 2;
    }
    return {2 * summed(part, m)};
  }
};

}  // namespace

Tensor orthogonal_from(const Tensor& a) { return Orthogonal::apply(a); }

}  // namespace directclr::model
