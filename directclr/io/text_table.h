#pragma once

#include <filesystem>

#include "directclr/array/array.h"
#include "directclr/io/row_settings.h"
#include "directclr/io/rows_taken.h"

namespace directclr::io {

/// Numbers that a file of text holds, and what was taken for what.
struct TextTable {
  array::Array rows;  ///< (N, D) float64
  TableTaken taken;
};

/// Reads a table of text as a whole; docs/formats.md says what tables are and how they are told apart. Memory: eight
/// bytes a number besides the file, at most some four times its size.
/// Throws InputError: with line and column for a line of another length, a cell that is no number, a gap (unless
/// settings.gaps_are_nan), and naming the setting that decides for what can be read in two ways.
TextTable read_text_table(const std::filesystem::path& path, const RowSettings& settings);

}  // namespace directclr::io
