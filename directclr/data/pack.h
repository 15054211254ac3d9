#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "directclr/core/progress.h"
#include "directclr/core/settings.h"
#include "directclr/data/source.h"

namespace directclr::data {

/// How pictures are put into archives.
struct PackSettings {
  std::string mode = "jpeg";
  int64_t shard_size = 256;
  int64_t short_side = 256;
  int64_t quality = 90;

  void describe(FieldList& f) {
    f.section("pack");
    f.add("mode", mode,
          "jpeg: files as they are; jpeg-resized: shrunk and encoded anew, which changes the data; raw: pixels (.ppm)",
          {"jpeg", "jpeg-resized", "raw"});
    f.add("shard_size", shard_size, 1, 1 << 20, "MiB after which a new archive begins");
    f.add("short_side", short_side, 16, 4096, "jpeg-resized: images whose short side is longer are shrunk to this");
    f.add("quality", quality, 1, 100, "jpeg-resized: of the new JPEGs");
  }
};

/// What was packed.
struct PackResult {
  uint64_t images = 0;
  uint64_t shards = 0;
  uint64_t bytes = 0;
};

/// Writes a source as tar archives that WebDataset's readers and `shards:` read: `folder`/00000.tar, ..., in the order
/// of the source, a sample as KEY.jpg (.png, .ppm) and, with labels, KEY.cls. Each archive is whole or not there;
/// archives that are there already, from a run that was interrupted, are kept. `folder`/pack.json says what they were
/// made of and how, classes.txt names the classes. Throws InputError for an image that cannot be read, for a folder
/// that holds shards of other data or settings, and for one where another process packs; Interrupted.
PackResult pack(const Source& source, const PackSettings& settings, const std::filesystem::path& folder,
                const Context& context);

}  // namespace directclr::data
