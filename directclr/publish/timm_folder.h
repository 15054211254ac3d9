#pragma once

#include <filesystem>
#include <string>

#include "directclr/publish/run_weights.h"

namespace directclr::publish {

/// The name under which timm has this encoder, parameters and computation the same. Throws InputError when it has none:
/// for a stem for small pictures, another end than "relu", and for blocks or a width that no ResNet of timm's has.
std::string timm_architecture(const settings::EncoderSettings& encoder, int64_t image_size);

/// Writes a folder that timm.create_model("local-dir:FOLDER") loads: config.json, model.safetensors, and README.md with
/// `card`. The folder appears as a whole, in place of an earlier one of the same kind. Throws InputError as above, when
/// something else is there, and when it cannot be written.
void write_timm_folder(const RunWeights& weights, const std::string& card, const std::filesystem::path& out);

}  // namespace directclr::publish
