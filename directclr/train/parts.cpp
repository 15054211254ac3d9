#include "directclr/train/parts.h"

#include "directclr/model/resnet.h"

namespace directclr::train {

std::vector<std::string> own_parts(const Parts& parts) {
  std::vector<std::string> names;
  if (parts.source) names.emplace_back("source");
  if (parts.encoder.module) names.emplace_back("encoder");
  if (parts.projector) names.emplace_back("projector");
  if (parts.loss) names.emplace_back("loss");
  if (parts.optimizer) names.emplace_back("optimizer");
  return names;
}

Network network_of(const settings::TrainSettings& settings, const Parts& parts, torch::Device device) {
  const int64_t side = settings.augment.image_size;
  const auto seed = static_cast<uint64_t>(settings.seed);
  Encoder encoder = parts.encoder;
  if (!encoder.module) {
    const model::ResNet built_in = model::make_encoder(settings.encoder, side, seed);
    encoder = encoder_of(built_in);
    encoder.representation = built_in->representation();
  }
  TORCH_CHECK(encoder.forward, "[train] the encoder has a module and no forward: use encoder_of");
  encoder.module->to(device);
  model::to_channels_last(*encoder.module);
  if (parts.encoder.module) encoder.representation = width_of(encoder, side, device);
  const auto projector =
      parts.projector ? parts.projector : model::make_projector(settings.projector, encoder.representation, seed);
  projector->to(device);
  if (parts.projector) check_projector(*projector, encoder.representation, device);
  return {encoder, projector};
}

}  // namespace directclr::train
