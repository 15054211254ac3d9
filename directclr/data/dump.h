#pragma once

#include <cstdint>
#include <filesystem>

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"

namespace directclr::data {

/// Writes what anybody needs to repeat the augmentation elsewhere (tools/replay_in_pillow.py): the views' bytes of
/// `count` images, spread over the source, as views.npy (count, 2, side, side, 3), uint8, and views.jsonl with the
/// settings in its first line and then, for each image, its name and both views' parameters (docs/formats.md). Unless
/// `files` says that the source's images are files to be read as they are, they are also written to
/// originals/00000.png, .... The views are those of the first epoch of a run with
/// this seed. Throws InputError for an image that cannot be decoded, Interrupted.
void dump_views(const Source& source, const AugmentSettings& settings, uint64_t seed, uint64_t count, bool files,
                const std::filesystem::path& folder, const Context& context);

}  // namespace directclr::data
