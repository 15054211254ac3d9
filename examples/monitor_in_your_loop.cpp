// The monitor of collapse in a training loop that knows nothing of directclr.
#include <torch/torch.h>

#include <cstdio>

#include "directclr/train/monitor.h"

namespace nn = torch::nn;
namespace train = directclr::train;

int main() {
  constexpr int64_t kWidth = 32, kImages = 128;
  torch::manual_seed(0);
  nn::Sequential encoder(nn::Linear(kWidth, kWidth), nn::ReLU(), nn::Linear(kWidth, kWidth));
  torch::optim::SGD optimizer(encoder->parameters(), 0.05);

  train::MonitorOptions options;
  options.every = 1;
  options.stop.under = "rank=0.1D";
  options.watch_z = false;  // there is no projector
  train::Monitor monitor(options, kWidth, kWidth, torch::kCPU);

  for (int step = 1; step <= 400; ++step) {
    const torch::Tensor x = torch::randn({kImages, kWidth});
    const torch::Tensor r = encoder->forward(torch::cat({x, x + 0.1 * torch::randn_like(x)}));  // both views
    const auto views = r.chunk(2);
    // Attraction without negatives: everything falls together.
    const torch::Tensor loss = (views[0] - views[1]).square().sum(1).mean() + 0.1 * r.square().sum(1).mean();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();

    monitor.observe(step, r, r, {});
    if (step % 20 != 0) continue;
    const auto seen = monitor.read(r, r, /*warn=*/true);
    std::printf("step %d: effective rank %.1f of %d\n", step, seen.r.effective_rank_lambda, static_cast<int>(kWidth));
    for (const auto& warning : seen.warnings) std::printf("  %s\n", warning.c_str());
    if (!seen.stop.empty()) return std::printf("stopped: %s\n", seen.stop[0].c_str()), 0;
  }
}
