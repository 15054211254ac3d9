#include "directclr/spectrum/clusters.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/philox.h"

namespace directclr::spectrum {
namespace {

using at::Tensor;

constexpr int64_t kBlock = 2048;

Tensor unit(const Tensor& rows) {
  const Tensor z = rows.detach().cpu().to(at::kFloat);
  return z / z.norm(2, {1}, true).clamp_min(1e-12);
}

// The centre with the largest inner product for each row, and that product.
void assign(const Tensor& x, const Tensor& centres, Tensor& cluster, Tensor& closeness) {
  // |x - c|^2 = 1 + |c|^2 - 2 x.c: centres, means of unit vectors, are shorter than 1.
  const Tensor half = centres.square().sum(1) / 2;
  for (int64_t i = 0; i < x.size(0); i += kBlock) {
    const auto [value, index] = (x.slice(0, i, i + kBlock).mm(centres.t()) - half).max(1);
    cluster.slice(0, i, i + kBlock).copy_(index);
    closeness.slice(0, i, i + kBlock).copy_(value);
  }
}

Tensor first_centres(const Tensor& x, int64_t clusters, RandomStream& random) {
  std::vector<int64_t> chosen = {static_cast<int64_t>(random.below(static_cast<uint32_t>(x.size(0))))};
  Tensor distance = (2 - 2 * x.mv(x[chosen[0]])).clamp_min(0).to(at::kDouble);
  while (static_cast<int64_t>(chosen.size()) < clusters) {
    // A row, with probability in proportion to its squared distance from the centres so far.
    const Tensor sums = distance.cumsum(0);
    const double at = random.uniform(0, 1) * sums[-1].item<double>();
    const int64_t row = std::min(sums.lt(at).sum().item<int64_t>(), x.size(0) - 1);
    chosen.push_back(row);
    distance = at::minimum(distance, (2 - 2 * x.mv(x[row])).clamp_min(0).to(at::kDouble));
  }
  return x.index_select(0, at::tensor(chosen));
}

}  // namespace

Tensor k_means(const Tensor& rows, int64_t clusters, uint64_t seed, const Context& context) {
  TORCH_CHECK(rows.dim() == 2 && clusters >= 1 && clusters <= rows.size(0),
              "[k_means] expected (N, D) and 1 <= ", clusters, " <= N, got ", rows.sizes());
  const at::NoGradGuard no_grad;
  constexpr int kIterations = 50;
  RandomStream random(seed, Purpose::kSplit, 1);
  const Tensor x = unit(rows);
  Tensor centres = first_centres(x, clusters, random);
  Tensor cluster = at::empty({x.size(0)}, at::kLong), closeness = at::empty({x.size(0)});
  Tensor before;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    assign(x, centres, cluster, closeness);
    if (before.defined() && before.equal(cluster)) break;
    before = cluster.clone();
    centres = at::zeros_like(centres).index_add_(0, cluster, x);
    const Tensor counts = at::bincount(cluster, {}, clusters);
    centres /= counts.clamp_min(1).unsqueeze(1);
    const Tensor empty = counts.eq(0).nonzero().flatten();
    for (int64_t k = 0; k < empty.size(0); ++k) {
      const auto farthest = closeness.argmin().item<int64_t>();
      centres[empty[k].item<int64_t>()].copy_(x[farthest]);
      closeness[farthest] = INFINITY;
    }
    context.progress({"k-means", static_cast<uint64_t>(iteration + 1), kIterations, "iterations",
                      static_cast<uint64_t>(iteration + 1), ""});
  }
  return cluster;
}

double cluster_learnability(const Tensor& rows, uint64_t seed, const Context& context) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(0) >= 8, "[cluster_learnability] expected (N >= 8, D), got ", rows.sizes());
  const at::NoGradGuard no_grad;
  const int64_t n = rows.size(0);
  const Tensor cluster =
      k_means(rows, static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(n)))), seed, context);
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream random(seed, Purpose::kSplit, 2);
  for (auto left = static_cast<uint32_t>(n); left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  const Tensor shuffled = at::tensor(order);
  const Tensor known = shuffled.slice(0, 0, n / 2), asked = shuffled.slice(0, n / 2);
  const Tensor x = unit(rows), bank = x.index_select(0, known), queries = x.index_select(0, asked);
  const Tensor bank_cluster = cluster.index_select(0, known), truth = cluster.index_select(0, asked);
  int64_t right = 0;
  for (int64_t i = 0; i < queries.size(0); i += kBlock) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    const Tensor nearest = queries.slice(0, i, i + kBlock).mm(bank.t()).argmax(1);
    right += bank_cluster.index_select(0, nearest).eq(truth.slice(0, i, i + kBlock)).sum().item<int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(queries.size(0));
}

}  // namespace directclr::spectrum
