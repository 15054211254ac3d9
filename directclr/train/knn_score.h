#pragma once

#include <optional>

#include "directclr/data/source.h"
#include "directclr/distributed/process_group.h"
#include "directclr/model/resnet.h"
#include "directclr/settings/train_settings.h"

namespace directclr::train {

/// Top-1 accuracy, in [0, 1], of k-NN on the encoder's representations as it stands, on rank 0; nothing on the other
/// ranks, and nothing where the data lack labels or a test part. The bank are at most 10,000 of the training images,
/// the queries at most 2,000 of the test part of settings.data: often enough to watch, cheap enough to repeat.
/// Collective. Leaves the encoder's mode as it was; no stop interrupts it. Throws InputError for a bad image.
std::optional<double> knn_score(const model::ResNet& encoder, const data::Source& training_images,
                                const settings::TrainSettings& settings, torch::Device device, const Context& context,
                                const distributed::ProcessGroup& group);

}  // namespace directclr::train
