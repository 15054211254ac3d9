// The paper's first mechanism in fifty lines: one linear layer, InfoNCE, and an augmentation that shakes half of the
// input's dimensions. The stronger it shakes, the fewer dimensions the embedding keeps.
#include <torch/torch.h>

#include <cstdio>

#include "directclr/loss/contrastive.h"
#include "directclr/optim/optimizer.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/tensor/arrays.h"

namespace loss = directclr::loss;
namespace optim = directclr::optim;
namespace spectrum = directclr::spectrum;

int main() {
  constexpr int64_t kDimensions = 16;  // the augmentation disturbs the last eight
  constexpr int64_t kImages = 256;     // N, new ones every step
  for (const double strength : {0.0, 0.5, 1.0, 2.0, 4.0}) {
    torch::manual_seed(0);
    torch::Tensor weight = torch::eye(kDimensions).requires_grad_(true);  // z = W x
    const auto optimizer = optim::make_sgd({{"weight", weight}}, /*momentum=*/0.9, /*weight_decay=*/0);
    torch::Tensor noise_scale = torch::zeros({kDimensions});
    noise_scale.slice(0, kDimensions / 2) = strength;

    for (int step = 0; step < 300; ++step) {
      const torch::Tensor x = torch::randn({kImages, kDimensions});
      const torch::Tensor x_augmented = x + noise_scale * torch::randn({kImages, kDimensions});
      optimizer->zero_grad();
      loss::info_nce(torch::linear(x, weight), torch::linear(x_augmented, weight), /*tau=*/0.1).backward();
      optimizer->step(/*lr=*/0.1);
    }

    const torch::NoGradGuard no_grad;
    const torch::Tensor z = torch::linear(torch::randn({4096, kDimensions}), weight);
    const auto summary = spectrum::summarize(directclr::tensor::array_of(z), /*l2_normalize=*/false);
    std::printf("augmentation strength %.1f: effective rank %4.1f of %d, smallest / largest singular value %.1e\n",
                strength, summary.effective_rank_lambda, int{kDimensions},
                summary.values.back() / summary.values.front());
  }
}
