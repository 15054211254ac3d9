#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "directclr/io/text_cells.h"

namespace directclr::io {

/// What a column holds below the first line.
struct Seen {
  int64_t numbers = 0;          ///< not finite ones too
  int64_t integers = 0;         ///< numbers written with digits alone
  int64_t signed_integers = 0;  ///< those, and the ones with a minus before them
  int64_t whole = 0;            ///< numbers without a fraction, however they are written
  int64_t gaps = 0;
  int64_t texts = 0;
  int64_t malformed = 0;
  int64_t lists = 0;  ///< malformed, since a cell holds many numbers
  int64_t quoted = 0;
  unsigned marks = ~0U;  ///< marks_of() that all its texts have
  bool is_text() const { return texts > 0 && numbers == 0 && malformed == 0; }
};

/// A cell of the first line.
struct FirstCell {
  TextCell cell;
  CellKind kind;
  double value;
};

/// The first lines of a table of text, read in one dialect.
struct Reading {
  TextDialect dialect;
  int64_t lines = 0;
  int64_t alike = 0;        ///< below the first line: those with as many cells as there are columns
  int64_t whole_lines = 0;  ///< below the first line: those whose numbers differ and have no fractions
  int64_t comments = 0;
  int64_t first_line = 0;
  size_t second_at = 0;     ///< where the line after the first begins
  int64_t second_line = 0;  ///< and its number
  std::vector<FirstCell> first;
  std::string_view comment;   ///< right above the first line
  std::vector<Seen> columns;  ///< as many as most lines have cells
  bool thousands = true;      ///< every decimal comma could be one between thousands
  bool all_commas = true;     ///< every cell but those of the first column has one

  /// Lines below the first, or the only one.
  int64_t rest() const { return std::max<int64_t>(1, lines - 1); }
  /// All lines have as many cells; the first may leave the column of the rows' names, or an empty last one, without.
  bool fits() const;
  int64_t texts() const;
  int64_t numbers() const;
  /// It fits, and every column holds numbers alone or text alone.
  bool reads() const;
  /// The last column is empty: lines end with a separator.
  bool has_tail() const;
  /// 1 where the first line leaves the first column, of the rows' names, without its own; else 0.
  size_t unnamed() const { return columns.size() - first.size() - (first.size() < columns.size() && has_tail()); }
  /// How near it comes where it does not read, up to 1.
  double nearness() const;
};

/// How much of a table is looked at, at most.
constexpr size_t kSampleBytes = 1 << 20;

/// Reads the first 256 lines, kSampleBytes of them. Throws InputError for a line of more cells than fit anywhere;
/// `name` is the file's.
Reading read_sample(std::string_view table, int64_t first_line, TextDialect dialect, const HashRows& hash_rows,
                    const std::string& name);

/// Digits alone, perhaps with a plus before them.
bool is_integer(std::string_view text);

/// Which signs of paths and made names the text has, as bits: points, slashes, ...
unsigned marks_of(std::string_view text);

}  // namespace directclr::io
