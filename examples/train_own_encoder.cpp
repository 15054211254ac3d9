// An encoder of one's own, trained as `directclr train` would: train_own_encoder DATA RUN, e.g. fashion-mnist:DIR run.
#include <torch/torch.h>

#include <cstdio>

#include "directclr/model/batch_norm.h"
#include "directclr/train/trainer.h"

namespace nn = torch::nn;
namespace model = directclr::model;
namespace settings = directclr::settings;
namespace train = directclr::train;

int main(int count, char** arguments) {
  if (count != 3) return 2;
  settings::TrainSettings s;
  s.data = arguments[1];
  s.epochs = 2;
  s.batch_size = 64;
  s.projector.projector = "mlp";
  s.projector.d0 = 64;  // the encoder's width, which the settings cannot know
  s.projector.mlp_hidden = 64;
  s.projector.projector_dim = 32;
  s.resolve({});

  nn::Sequential encoder(nn::Conv2d(nn::Conv2dOptions(3, 32, 3).stride(2)), model::BatchNorm(32), nn::ReLU(),
                         nn::Conv2d(nn::Conv2dOptions(32, 64, 3).stride(2)), model::BatchNorm(64), nn::ReLU(),
                         nn::AdaptiveAvgPool2d(1), nn::Flatten());
  train::Parts parts;
  parts.encoder = train::encoder_of(encoder);
  parts.callbacks.on_epoch = [](const train::EpochReport& report) {
    std::printf("epoch %d: loss %.3f\n", static_cast<int>(report.epoch), report.loss);
    return train::Then::kGoOn;
  };
  const train::TrainResult result = train::train(s, parts, settings::RunDirectory(arguments[2]));
  std::printf("%d steps, %.0f images a second\n", static_cast<int>(result.steps), result.images_per_second);
}
