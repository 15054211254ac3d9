#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/image/decode.h"

namespace directclr::image {

/// A kind of picture file. One more is one entry in formats.cpp, and the file that reads it.
struct Format {
  std::string name;                        ///< "JPEG"
  std::vector<std::string> suffixes;       ///< in small letters, the commonest first: "jpg"
  bool (*begins)(std::string_view bytes);  ///< whether a file of these first 32 bytes (or all it has) is of this kind
  /// Decodes into `image`, or with null reads the header alone; the size. Throws InputError(where, what is wrong).
  /// Null: the kind is known by name and not read.
  Size (*decode)(std::string_view bytes, const std::string& where, Image* image) = nullptr;
};

const Table<Format>& formats();

/// What a file is, by its first bytes; null: no picture that is known.
const Format* format_of(std::string_view bytes);

/// What a file's name says it is, by what follows the last dot, in any case; null: no picture's suffix.
const Format* format_of_name(std::string_view name);

/// Whether a file of this name is taken for a picture that can be read, before anybody looks into it.
bool has_picture_name(std::string_view name);

}  // namespace directclr::image
