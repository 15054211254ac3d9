#include "directclr/eval/knn.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace directclr::eval {

double knn_accuracy(const at::Tensor& bank, const at::Tensor& bank_labels, const at::Tensor& queries,
                    const at::Tensor& labels, int64_t classes, const settings::KnnSettings& settings) {
  TORCH_CHECK(bank.dim() == 2 && queries.dim() == 2 && bank.size(1) == queries.size(1),
              "[knn_accuracy] expected (N, D) and (M, D), got ", bank.sizes(), " and ", queries.sizes());
  const at::NoGradGuard no_grad;
  const auto unit = [](const at::Tensor& z) { return z / z.norm(2, {1}, true).clamp_min(1e-12); };
  const at::Tensor bank_t = unit(bank).t().contiguous();
  const int64_t k = std::min(settings.k, bank.size(0));
  int64_t correct = 0;
  constexpr int64_t kBlock = 512;  // similarities in memory: block x N
  for (int64_t begin = 0; begin < queries.size(0); begin += kBlock) {
    const at::Tensor block = unit(queries.slice(0, begin, begin + kBlock));
    const auto [similarity, neighbour] = block.mm(bank_t).topk(k, 1);
    const at::Tensor classes_of = bank_labels.index_select(0, neighbour.flatten()).view_as(neighbour);
    // The largest similarity is taken out of the exponent: only ratios of votes matter.
    const at::Tensor weight =
        ((similarity - similarity.slice(1, 0, 1)) / settings.knn_temperature).exp().to(at::kDouble);
    const at::Tensor votes = at::zeros({block.size(0), classes}, weight.options()).scatter_add_(1, classes_of, weight);
    correct += votes.argmax(1).eq(labels.slice(0, begin, begin + kBlock)).sum().item<int64_t>();
  }
  return static_cast<double>(correct) / static_cast<double>(std::max<int64_t>(1, queries.size(0)));
}

}  // namespace directclr::eval
