#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "directclr/io/text_cells.h"

namespace directclr {
class Json;
}

namespace directclr::io {

/// What a reader of a table of text took for what.
struct TableTaken {
  struct LeftOut {
    int64_t number = 0;  ///< in the file, from 1
    std::string name;    ///< empty: it has none
    std::string why;     ///< "text", "counts the rows"
  };
  TextDialect dialect;
  int64_t heading = 0;      ///< the line that names the columns; 0: none
  bool counts = false;      ///< the names are numbers
  bool in_comment = false;  ///< the names stand in a comment
  int64_t comments = 0;     ///< lines that begin with # and are no rows
  int64_t rows_with_hash = 0;
  int64_t columns = 0;  ///< in the file
  std::string chosen;   ///< by which text columns were chosen; empty: all that hold numbers
  std::vector<LeftOut> left_out;
};

/// What a reader took for the rows of a matrix.
struct RowsTaken {
  std::string file;
  std::string tensor;                ///< empty: the file holds one array without a name, or several make the matrix
  std::string what;                  ///< "tensor 'emb'", "the 500 vectors 'a', 'b', .. as its rows"; may be empty
  std::string passed_over;           ///< what else the file holds, where no tensor was asked for
  std::string type;                  ///< as in the file
  std::vector<int64_t> shape;        ///< as in the file; of several parts all rows
  int64_t parts = 1;                 ///< files or arrays, one after the other
  std::string pooled;                ///< how more than two axes became two; empty: there were two
  std::optional<TableTaken> table;   ///< of a table of text
  int64_t rows = 0, dimensions = 0;  ///< of the matrix

  /// One line: "read a.npz: tensor 'emb', float32 (500, 32)".
  std::string text() const;
  /// The same as the object `read` of result files (docs/formats.md).
  Json json() const;
};

/// "column 3", "column 3 'name'"; numbers count from 1.
std::string column_text(int64_t number, const std::string& name);

}  // namespace directclr::io
