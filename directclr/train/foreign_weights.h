#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <string>

#include "directclr/io/network_tensors.h"
#include "directclr/settings/stems.h"

namespace directclr::train {

/// Copies into a module the tensors of another program's checkpoint (any file of io/array_index.h) that have its names,
/// perhaps all under one prefix ("module.", "backbone."), which io/network_tensors.h finds; `prefix`: this one.
/// Counters of batch normalisation may be missing. Says what was taken, and what the module has no use for (a
/// classifier, a projector). Throws InputError when a tensor is missing or has another shape, and what network_tensors
/// throws.
io::WeightsRead load_foreign_weights(torch::nn::Module& module, const std::filesystem::path& path,
                                     const std::string& prefix = {});

/// The stem that the weights of such a checkpoint have, by the width of its first convolution, "conv1.weight". Throws
/// InputError when there is none, and what network_tensors throws.
settings::StemChoice stem_of_weights(const std::filesystem::path& path, const std::string& prefix, int64_t image_size);

}  // namespace directclr::train
