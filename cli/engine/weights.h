#pragma once

#include <filesystem>

#include "cli/console.h"

namespace directclr::cli {

/// Singular values of every matrix of a checkpoint (.safetensors, .npz, .pt, .pth, or a run's encoder and projector),
/// and the alignment of those that follow one another. Writes weights.json and heat maps into `out` unless empty.
/// Throws InputError for what cannot be read or holds no matrix.
void show_weights(const std::filesystem::path& input, const std::filesystem::path& out, Console& console);

}  // namespace directclr::cli
