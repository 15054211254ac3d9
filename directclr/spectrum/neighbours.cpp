#include "directclr/spectrum/neighbours.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/unique_dim.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::spectrum {
namespace {

using at::Tensor;

// log(r_2 / r_1), ascending.
Tensor log_ratios(const Neighbours& n) {
  TORCH_CHECK(n.distances.size(1) >= 2, "[two_nn] expected two neighbours, got ", n.distances.size(1));
  return std::get<0>((n.distances.select(1, 1) / n.distances.select(1, 0)).log().sort());
}

}  // namespace

Neighbours nearest_neighbours(const Tensor& rows, int64_t k, const Context& context) {
  TORCH_CHECK(rows.dim() == 2 && k >= 1, "[nearest_neighbours] expected (N, D) and k >= 1, got ", rows.sizes());
  const at::NoGradGuard no_grad;
  const Tensor x = std::get<0>(at::unique_dim(rows.detach().cpu().to(at::kDouble), 0));
  const int64_t n = x.size(0);
  if (n < k + 1) {
    throw InputError("neighbours",
                     format("%lld neighbours need %lld distinct rows, there are %lld", static_cast<long long>(k),
                            static_cast<long long>(k + 1), static_cast<long long>(n)));
  }
  // Centred float32 copies find candidates; a few more than k, since rounding may swap near ties.
  const Tensor narrow = (x - x.mean(0)).to(at::kFloat);
  const Tensor half = narrow.square().sum(1) / 2;
  const int64_t candidates = std::min(n, k + 1 + std::max<int64_t>(8, k / 4));
  constexpr int64_t kBlock = 512;
  Neighbours result;
  result.duplicates = rows.size(0) - n;
  result.distances = at::empty({n, k}, at::kDouble);
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    const int64_t end = std::min(begin + kBlock, n);
    const Tensor closeness = narrow.slice(0, begin, end).mm(narrow.t()) - half;  // -|x - y|^2 / 2 + |x|^2 / 2
    const Tensor index = std::get<1>(closeness.topk(candidates, 1, true, false));
    const Tensor difference =
        x.index_select(0, index.flatten()).view({end - begin, candidates, -1}) - x.slice(0, begin, end).unsqueeze(1);
    Tensor distance = difference.square().sum(2).sqrt();
    distance.masked_fill_(index.eq(at::arange(begin, end).unsqueeze(1)), INFINITY);  // itself
    result.distances.slice(0, begin, end).copy_(std::get<0>(distance.topk(k, 1, false, true)));
    const auto done = static_cast<uint64_t>(end);
    context.progress({"neighbours", done, static_cast<uint64_t>(n), "rows", done, ""});
  }
  return result;
}

double two_nn(const Neighbours& neighbours) {
  const Tensor mu = log_ratios(neighbours);
  const int64_t n = mu.size(0), kept = std::max<int64_t>(1, n * 9 / 10);
  const Tensor x = mu.slice(0, 0, kept);
  const Tensor f = at::arange(kept, at::kDouble) / static_cast<double>(n);
  const Tensor y = -(1 - f).log();
  return ((x * y).sum() / x.square().sum()).item<double>();
}

double two_nn_likelihood(const Neighbours& neighbours) {
  const Tensor mu = log_ratios(neighbours);
  return static_cast<double>(mu.size(0) - 1) / mu.sum().item<double>();
}

double local_dimension(const Neighbours& neighbours) {
  const Tensor mean = neighbours.distances.mean(1);
  const Tensor farthest = neighbours.distances.select(1, neighbours.distances.size(1) - 1);
  return (mean / (farthest - mean)).log().mean().exp().item<double>();
}

}  // namespace directclr::spectrum
