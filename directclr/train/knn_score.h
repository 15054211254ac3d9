#pragma once

#include <memory>
#include <optional>

#include "directclr/data/source.h"
#include "directclr/distributed/process_group.h"
#include "directclr/model/encoder.h"
#include "directclr/settings/train_settings.h"

namespace directclr::train {

/// The images that a run's k-NN scores ask: the test part of settings.data with the class numbers of the training
/// images. Null, with a notice that says why, where those or the test images lack labels. Throws InputError when the
/// test part is damaged or has classes that the training images lack.
std::unique_ptr<const data::Source> knn_images(const data::Source& training_images,
                                               const settings::TrainSettings& settings, const Context& context);

/// Top-1 accuracy, in [0, 1], of k-NN on the encoder's representations as it stands, on rank 0; nothing on the other
/// ranks. The bank are at most 10,000 of the training images, the queries at most 2,000 of the test images
/// (knn_images): often enough to watch, cheap enough to repeat. Collective. Leaves the encoder's mode as it was; no
/// stop interrupts it. Throws InputError for a bad image.
std::optional<double> knn_score(const model::Encoder& encoder, const data::Source& training_images,
                                const data::Source& test_images, const settings::TrainSettings& settings,
                                torch::Device device, const Context& context, const distributed::ProcessGroup& group);

}  // namespace directclr::train
