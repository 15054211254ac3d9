#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "directclr/core/json.h"
#include "directclr/core/json_file.h"

namespace directclr::report {

// What the result files (docs/formats.md) have in common: one JSON object with a version.

/// Throws InputError when what the file holds is of a later version; without one it is of the first. JsonError when it
/// is no object.
void check_version(const std::filesystem::path& file, const Json& object, int64_t version);

/// The result that `read(object)` makes of the file's object. Throws InputError, which names the file, when it cannot
/// be read or is no JSON, when its version is later than `version`, and when `read` throws JsonError.
template <class Read>
auto read_result(const std::filesystem::path& file, int64_t version, Read read) {
  return read_json_file(file, [&](const Json& object) {
    check_version(file, object, version);
    return read(object);
  });
}

/// A number that may have been written as null, as what is not finite is, or by an earlier version not at all: then
/// `otherwise`. Throws JsonError when it is something else.
double number_or(const Json& object, std::string_view key, double otherwise);

/// The numbers of a list; null is not a number. Throws JsonError for another list.
std::vector<double> numbers_of(const Json& list);

}  // namespace directclr::report
