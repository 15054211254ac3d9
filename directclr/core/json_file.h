#pragma once

#include <filesystem>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"

namespace directclr {

/// What `read()` gives, which looks into what the file says. Throws InputError, which names the file, where it throws
/// JsonError.
template <class Read>
auto reading_json(const std::filesystem::path& file, Read read) {
  try {
    return read();
  } catch (const JsonError& error) {
    throw InputError(file.string(), std::string("damaged result file: ") + error.what());
  }
}

/// What `read(value)` makes of the file's JSON. Throws InputError, which names the file, when it cannot be read or is
/// no JSON, and where `read` throws JsonError.
template <class Read>
auto read_json_file(const std::filesystem::path& file, Read read) {
  return reading_json(file, [&] { return read(Json::parse(read_file(file))); });
}

}  // namespace directclr
