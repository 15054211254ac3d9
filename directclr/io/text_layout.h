#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "directclr/io/row_settings.h"
#include "directclr/io/text_cells.h"

namespace directclr::io {

/// How a table of text is laid out, as its beginning tells.
struct TextLayout {
  enum class Column {
    kNumbers,  ///< numbers, or what stands where numbers should
    kText,     ///< names, paths
    kTail      ///< the last, and empty: lines end with a separator
  };
  TextDialect dialect;
  std::string_view table;   ///< from the first line on that may belong to it
  int64_t first_line = 1;   ///< the number of that line
  int64_t heading = 0;      ///< the line that names the columns; 0: none
  bool in_comment = false;  ///< which is a comment, as numpy.savetxt writes it
  bool counts = false;      ///< the names are numbers
  HashRows hash_rows;
  std::vector<Column> columns;
  std::vector<std::string> names;  ///< as long as columns, or empty
};

/// Finds it out from the first lines, 1 MiB of them. Each separator and decimal sign is tried: right is the one under
/// which all lines have the same number of cells and every column holds numbers alone or text alone. Where two readings
/// are possible it throws InputError, which names the setting that decides; `name` is the file's, for messages. Where
/// there is none, it gives the nearest, so that who reads on meets what is wrong.
TextLayout find_layout(std::string_view bytes, const RowSettings& settings, const std::string& name);

}  // namespace directclr::io
