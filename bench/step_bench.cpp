// Model step alone: forward, InfoNCE, backward, SGD, on fixed images. The peer is bench/peers/step.py.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "directclr/core/memory.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/resnet.h"
#include "directclr/optim/optimizer.h"
#include "directclr/train/device.h"

namespace {

using namespace directclr;

void model_step(benchmark::State& state, bool bfloat16) {
  constexpr int64_t kBatch = 256;
  keep_freed_memory();  // as the program does
  settings::EncoderSettings settings;
  settings.arch = "bottleneck:2,2,2,2:16";
  settings.stem = "small";
  model::ResNet net = model::make_encoder(settings, 32, 0);
  model::to_channels_last(*net);
  std::vector<optim::NamedTensor> parameters;
  for (const auto& item : net->named_parameters()) parameters.emplace_back(item.key(), item.value());
  const auto optimizer = optim::make_sgd(parameters, 0.9, 0);
  const torch::Tensor images = torch::randn({2 * kBatch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  for (auto _ : state) {
    optimizer->zero_grad();
    torch::Tensor loss;
    {
      const train::Autocast autocast(torch::kCPU, bfloat16);
      const auto z = net->forward(images).chunk(2);
      loss = loss::info_nce(z[0], z[1], 0.1);
    }
    loss.backward();
    optimizer->step(1e-3);
    benchmark::DoNotOptimize(loss.item<float>());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK_CAPTURE(model_step, float32, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(model_step, bfloat16, true)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
