#pragma once

#include <string>

#include "directclr/core/settings.h"

namespace directclr::io {

/// How the rows of a file are taken: what a reader cannot tell by itself, or tells wrongly.
struct RowSettings {
  std::string pool = "none";       ///< how an array of more than two axes becomes a matrix
  std::string columns;             ///< of a text table: those that are taken; empty: all but index, labels and text
  std::string label_column;        ///< of a text table: this one is left out
  std::string heading = "auto";    ///< of a text table: whether its first line names the columns
  std::string separator = "auto";  ///< of a text table
  std::string decimal = "auto";    ///< of a text table
  bool gaps_are_nan = false;       ///< cells that are empty or not finite are read as not-a-numbers, not refused

  void describe(FieldList& f) {
    f.section("rows");
    f.add("pool", pool,
          "how an array (N, T, D) or (N, C, H, W) becomes rows: mean over tokens or positions; cls: the first token; "
          "flatten: all of them side by side; none: such arrays are refused",
          {"none", "mean", "cls", "flatten"});
    f.add("columns", columns,
          "of a text table: names, patterns and ranges FIRST:END counted from 0, with commas between: "
          "'embedding_*', 2:130, a,b,c; empty: all that hold numbers, without index and labels");
    f.add("label_column", label_column, "of a text table: leave out this column, by name or range (-1: is the last)");
    f.add("heading", heading, "of a text table: its first line names the columns", {"auto", "yes", "no"});
    f.add("separator", separator, "of a text table: what separates its cells",
          {"auto", "comma", "tab", "semicolon", "pipe", "blanks"});
    f.add("decimal", decimal, "of a text table: the decimal separator of its numbers", {"auto", "point", "comma"});
  }
};

}  // namespace directclr::io
