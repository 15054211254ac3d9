#pragma once

#include <string>

#include "directclr/core/settings.h"

namespace directclr::data {

/// How the files of a data set are understood. Each goes with some kinds of data alone (data_kinds.h).
struct ReadSettings {
  bool upright = false;
  std::string labels;
  std::string label_key;
  std::string image_key;

  void describe(FieldList& f) {
    f.add("upright", upright,
          "turn photographs upright as their EXIF orientation says (folder, tiny-imagenet, shards); without, they are "
          "taken as stored, as torchvision does");
    f.add("labels", labels,
          "of a folder: a table of two columns, path and class, in place of class folders; with or without a heading");
    f.add("label_key", label_key,
          "of shards: what holds the label, a member KEY.LABEL_KEY or a field of KEY.json; empty: KEY.cls");
    f.add("image_key", image_key,
          "of shards: the member KEY.IMAGE_KEY is the image; empty: the one with the suffix of an image format");
  }
  bool operator==(const ReadSettings&) const = default;
};

}  // namespace directclr::data
