#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/json.h"

namespace directclr::report {

// What the result files (docs/formats.md) have in common: one JSON object with a version.

/// The file's object. Throws InputError, which names the file, when it cannot be read or is no JSON, or when its
/// version is later than `version`; a file without one is of the first.
Json read_result_file(const std::filesystem::path& file, int64_t version);

/// The result that `read(object)` makes of the file's object. Throws InputError as above, and when `read` throws
/// JsonError.
template <class Read>
auto read_result(const std::filesystem::path& file, int64_t version, Read read) {
  const Json object = read_result_file(file, version);
  try {
    return read(object);
  } catch (const JsonError& error) {
    throw InputError(file.string(), std::string("damaged result file: ") + error.what());
  }
}

/// A number that may have been written as null, as what is not finite is, or by an earlier version not at all: then
/// `otherwise`. Throws JsonError when it is something else.
double number_or(const Json& object, std::string_view key, double otherwise);

/// The numbers of a list; null is not a number. Throws JsonError for another list.
std::vector<double> numbers_of(const Json& list);

}  // namespace directclr::report
