// A training loop of one's own with directclr's loader and loss: own_training_loop DATA, e.g. fashion-mnist:DIR.
#include <torch/torch.h>

#include <cstdio>

#include "directclr/data/loader.h"
#include "directclr/eval/batch_images.h"
#include "directclr/loss/contrastive.h"

namespace data = directclr::data;
namespace nn = torch::nn;

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const auto source = data::open_source(arguments[1], data::Split::kTrain);
  data::LoaderOptions options;
  options.augment.complete(data::SourceSpec::parse(arguments[1]), {});  // the augmentation that fits the data
  options.batch_size = 64;
  options.end_epoch = 2;
  data::Loader loader(*source, options);
  const directclr::eval::BatchImages pictures(options.augment, torch::kCPU);

  nn::Sequential network(nn::Conv2d(nn::Conv2dOptions(3, 32, 3).stride(2)), nn::BatchNorm2d(32), nn::ReLU(),
                         nn::Conv2d(nn::Conv2dOptions(32, 64, 3).stride(2)), nn::BatchNorm2d(64), nn::ReLU(),
                         nn::AdaptiveAvgPool2d(1), nn::Flatten(), nn::Linear(64, 32));
  torch::optim::Adam optimizer(network->parameters(), 1e-3);

  double loss_value = 0;
  for (data::Batch batch; loader.next(batch);) {
    const auto z = network->forward(pictures.global_views(batch)).chunk(2);  // view a and view b, (N, P) each
    const torch::Tensor loss = directclr::loss::info_nce(z[0], z[1], /*tau=*/0.1);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    loss_value = loss.item<double>();
  }
  std::printf("last loss %.3f\n", loss_value);
}
