#include "directclr/spectrum/neighbours.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/unique_dim.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "directclr/core/dispatch.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/candidates.h"

namespace directclr::spectrum {
namespace {

using at::Tensor;

// log(r_2 / r_1), ascending.
Tensor log_ratios(const Neighbours& n) {
  TORCH_CHECK(n.distances.size(1) >= 2, "[two_nn] expected two neighbours, got ", n.distances.size(1));
  return std::get<0>((n.distances.select(1, 1) / n.distances.select(1, 0)).log().sort());
}

// Squared distance in float64, in lanes that the compiler turns into vectors.
DIRECTCLR_CLONES double squared_distance(const double* a, const double* b, int64_t dimensions) {
  constexpr int64_t kLanes = 8;
  double lanes[kLanes] = {};
  int64_t d = 0;
  for (; d + kLanes <= dimensions; d += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += (a[d + l] - b[d + l]) * (a[d + l] - b[d + l]);
  }
  for (; d < dimensions; ++d) lanes[0] += (a[d] - b[d]) * (a[d] - b[d]);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// Of each row's candidates the k nearest, by distances in float64: (N, k), ascending.
Tensor nearest_distances(const Tensor& x, Candidates& candidates, int64_t k) {
  const int64_t dimensions = x.size(1);
  Tensor distances = at::empty({x.size(0), k}, at::kDouble);
  const double* rows = x.const_data_ptr<double>();
  double* out = distances.mutable_data_ptr<double>();
  at::parallel_for(0, x.size(0), 64, [&](int64_t begin, int64_t end) {
    std::vector<double> squares;
    for (int64_t i = begin; i < end; ++i) {
      squares.clear();
      for (const int32_t j : candidates.of(i)) {
        squares.push_back(squared_distance(rows + i * dimensions, rows + j * dimensions, dimensions));
      }
      std::partial_sort(squares.begin(), squares.begin() + k, squares.end());
      for (int64_t c = 0; c < k; ++c) out[i * k + c] = std::sqrt(squares[static_cast<size_t>(c)]);
    }
  });
  return distances;
}

}  // namespace

Neighbours nearest_neighbours(const Tensor& rows, int64_t k, const Context& context) {
  TORCH_CHECK(rows.dim() == 2 && k >= 1, "[nearest_neighbours] expected (N, D) and k >= 1, got ", rows.sizes());
  const at::NoGradGuard no_grad;
  const Tensor x = std::get<0>(at::unique_dim(rows.detach().cpu().to(at::kDouble), 0)).contiguous();
  const int64_t n = x.size(0);
  if (n < k + 1) {
    throw InputError("neighbours",
                     format("%lld neighbours need %lld distinct rows, there are %lld", static_cast<long long>(k),
                            static_cast<long long>(k + 1), static_cast<long long>(n)));
  }
  // Centred float32 copies find candidates; a few more than k, since rounding may swap near ties. Scaled, so that no
  // square overflows.
  const Tensor centred = x - x.mean(0);
  const Tensor narrow = (centred / centred.abs().max()).to(at::kFloat);
  const Tensor half = narrow.square().sum(1) / 2;
  const std::vector<float> half_lengths(half.const_data_ptr<float>(), half.const_data_ptr<float>() + n);
  Candidates candidates(n, std::min(n - 1, k + std::max<int64_t>(8, k / 4)));
  constexpr int64_t kBlock = 1024;
  const auto blocks = static_cast<uint64_t>((n + kBlock - 1) / kBlock);
  uint64_t done = 0;
  const Tensor products = at::empty({kBlock * kBlock}, at::kFloat);
  for (int64_t i = 0; i < n; i += kBlock) {
    const Tensor left = narrow.slice(0, i, i + kBlock);
    for (int64_t j = i; j < n; j += kBlock) {
      if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
      const Tensor right = narrow.slice(0, j, j + kBlock);
      Tensor block = products.narrow(0, 0, left.size(0) * right.size(0)).view({left.size(0), right.size(0)});
      at::mm_out(block, left, right.t());
      candidates.offer(block.const_data_ptr<float>(), i, left.size(0), j, right.size(0), half_lengths);
      ++done;
      context.progress({"neighbours", done, blocks * (blocks + 1) / 2, "blocks", done, ""});
    }
  }
  return {nearest_distances(x, candidates, k), rows.size(0) - n};
}

double two_nn(const Neighbours& neighbours) {
  const Tensor mu = log_ratios(neighbours);
  const int64_t n = mu.size(0), kept = std::max<int64_t>(1, n * 9 / 10);
  const Tensor x = mu.slice(0, 0, kept);
  const Tensor f = at::arange(1, kept + 1, at::kDouble) / static_cast<double>(n);
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
