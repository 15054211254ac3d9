#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <string>
#include <vector>

namespace directclr::train {

/// Copies into a module the tensors of another program's checkpoint (.safetensors, .pt, .pth, .npz) that have its
/// names, perhaps all under one prefix ("module.", "backbone."). Counters of batch normalisation may be missing.
/// Returns the names that the module has no use for (a classifier, a projector). Throws InputError when a tensor is
/// missing or has another shape.
std::vector<std::string> load_foreign_weights(torch::nn::Module& module, const std::filesystem::path& path);

}  // namespace directclr::train
