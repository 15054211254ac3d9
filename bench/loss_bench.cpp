// InfoNCE forward and backward in tiles beside the plain formulation (normalise, matmul, two cross-entropies) of the
// same libtorch, on the CUDA device where there is one; each size is first checked for equal results.
// bench/compare_loss prints the ratios.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <torch/cuda.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/functional/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <stdexcept>

#include "directclr/core/memory.h"
#include "directclr/loss/contrastive.h"
#include "directclr/train/device.h"

namespace {

torch::Tensor kept(const torch::Tensor& z_a, const torch::Tensor& z_b, double tau) {
  return directclr::loss::info_nce(z_a, z_b, tau);
}

torch::Tensor made_again(const torch::Tensor& z_a, const torch::Tensor& z_b, double tau) {
  return directclr::loss::info_nce(z_a, z_b, tau, {}, 0);
}

torch::Tensor plain(const torch::Tensor& z_a, const torch::Tensor& z_b, double tau) {
  namespace F = torch::nn::functional;
  const torch::Tensor s = F::normalize(z_a).mm(F::normalize(z_b).t()) / tau;
  const torch::Tensor target = torch::arange(s.size(0), s.device());
  return (F::cross_entropy(s, target) + F::cross_entropy(s.t(), target)) / 2;
}

using Loss = torch::Tensor (*)(const torch::Tensor&, const torch::Tensor&, double);

torch::Tensor gradient(Loss loss, const torch::Tensor& z_a, const torch::Tensor& z_b) {
  const torch::Tensor a = z_a.detach().requires_grad_(true), b = z_b.detach().requires_grad_(true);
  loss(a, b, 0.1).backward();
  return a.grad();
}

double peak_mebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// A product of all rows with all columns, forward and backward: `products` of them.
void loss_step(benchmark::State& state, Loss loss, double products) {
  directclr::keep_freed_memory();
  torch::manual_seed(1);
  const int64_t n = state.range(0), d = state.range(1);
  const torch::Device device = torch::cuda::is_available() ? torch::kCUDA : torch::kCPU;
  const torch::Tensor z_a = torch::randn({n, d}).to(device), z_b = z_a + torch::randn({n, d}).to(device);
  if (n <= 4096) {
    const torch::Tensor ours = gradient(loss, z_a, z_b), theirs = gradient(plain, z_a, z_b);
    const double difference = (ours - theirs).abs().max().item<double>() / theirs.abs().max().item<double>();
    if (!(difference < 1e-5)) throw std::runtime_error("the two formulations differ");
  }
  const double before = peak_mebibytes();
  for (auto _ : state) {
    benchmark::DoNotOptimize(gradient(loss, z_a, z_b));
    directclr::train::wait_for(device);
  }
  state.counters["extra_MiB"] = peak_mebibytes() - before;
  state.counters["GFLOP/s"] = benchmark::Counter(products * 2e-9 * static_cast<double>(n) * static_cast<double>(n) *
                                                     static_cast<double>(d) * static_cast<double>(state.iterations()),
                                                 benchmark::Counter::kIsRate);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({4096, 128})->Args({4096, 2048})->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
}
BENCHMARK_CAPTURE(loss_step, kept, kept, 3)->Apply(sizes);
BENCHMARK_CAPTURE(loss_step, made_again, made_again, 4)->Apply(sizes);
BENCHMARK_CAPTURE(loss_step, plain, plain, 3)->Apply(sizes);
BENCHMARK_CAPTURE(loss_step, large, made_again, 4)
    ->Args({65536, 128})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
