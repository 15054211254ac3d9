#include "directclr/tensor/product.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/mm.h>

namespace directclr::tensor {

using at::Tensor;

Tensor product_with_transposed(const Tensor& a, const Tensor& b) {
  using Linear = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
                        c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto linear = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  if (!linear || !a.is_cpu() || a.scalar_type() != at::kFloat) return a.mm(b.t());
  return linear->typed<Linear>().call(a, b, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), "");
}

}  // namespace directclr::tensor
