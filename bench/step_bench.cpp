// Model step alone: forward, InfoNCE, backward, SGD, on fixed images. The peer is bench/peers/step.py, whose arguments
// are each case's label: bench/compare hands them on.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <torch/types.h>

#include <string>

#include "directclr/core/memory.h"
#include "directclr/core/text.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/resnet.h"
#include "directclr/optim/optimizer.h"
#include "directclr/train/device.h"

namespace {

using namespace directclr;

struct Network {
  std::string arch, stem;
  int64_t image_size = 32, batch = 256;

  std::string arguments() const {
    return format("--arch %s --stem %s --image %lld --batch %lld", arch.c_str(), stem.c_str(),
                  static_cast<long long>(image_size), static_cast<long long>(batch));
  }
};
const Network kSmall{"bottleneck:2,2,2,2:16", "small"};
const Network kResNet18{"basic:2,2,2,2:64", "cifar", 32, 64};
const Network kResNet50{"bottleneck:3,4,6,3:64", "imagenet", 224, 16};

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void model_step(benchmark::State& state, const Network& network, bool bfloat16) {
  const int64_t batch = network.batch;
  keep_freed_memory();                      // as the program does
  static const double before = peak_mib();  // of the first: google-benchmark calls this again and again
  settings::EncoderSettings settings;
  settings.arch = network.arch;
  settings.stem = network.stem;
  model::ResNet net = model::make_encoder(settings, network.image_size, 0);
  model::to_channels_last(*net);
  std::vector<optim::NamedTensor> parameters;
  for (const auto& item : net->named_parameters()) parameters.emplace_back(item.key(), item.value());
  const auto optimizer = optim::make_sgd(parameters, 0.9, 0);
  const torch::Tensor images =
      torch::randn({2 * batch, 3, network.image_size, network.image_size}).contiguous(at::MemoryFormat::ChannelsLast);
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
  state.SetLabel(network.arguments());
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["peak_mib"] =
      peak_mib() - before;  // of weights, images and steps, where no other benchmark ran before
}
#define DIRECTCLR_MODEL_STEP(name, network)           \
  BENCHMARK_CAPTURE(model_step, name, network, false) \
      ->Name("model_step/" #name "/float32")          \
      ->Unit(benchmark::kMillisecond)                 \
      ->UseRealTime();                                \
  BENCHMARK_CAPTURE(model_step, name, network, true)  \
      ->Name("model_step/" #name "/bfloat16")         \
      ->Unit(benchmark::kMillisecond)                 \
      ->UseRealTime()
DIRECTCLR_MODEL_STEP(small, kSmall);
DIRECTCLR_MODEL_STEP(resnet18, kResNet18);
DIRECTCLR_MODEL_STEP(resnet50, kResNet50);

}  // namespace
