#pragma once

#include <filesystem>
#include <string>

namespace directclr::io {

/// How to write a table of another program so that it is read.
constexpr const char* kTableHint = "write it as .csv, or its numbers as .npy: numpy.save('rows.npy', table.to_numpy())";

/// Throws InputError with a way to write it otherwise for another program's file that is known by its name's ending.
void refuse_known_ending(const std::filesystem::path& path);

/// What to make of a file that is of no kind that is read, told by how it begins.
std::string hint_on_unknown(const std::filesystem::path& path);

}  // namespace directclr::io
