#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/io/array_span.h"
#include "directclr/io/pooling.h"
#include "directclr/io/row_settings.h"
#include "directclr/io/rows_taken.h"

namespace directclr::io {

class SpanRows;
struct FileChoice;

/// The rows of a matrix in a file, or in several one after the other, block after block, in the memory of one block:
/// embeddings from any framework.
class RowReader {
 public:
  /// Opens a file of arrays (io/array_index.h), told by its content, and takes of it what io/chosen_matrix.h does; a
  /// .csv, .tsv or .txt file (io/text_table.h; read as a whole); or a .tar archive (io/tar_arrays.h), whose arrays are
  /// each one sample's (D) or several samples' (k, D); `tensor` is then their extension. A pattern of the shell
  /// (parts/*.npy) takes all that it names, in order. `settings` say how arrays of more axes become rows, and how
  /// tables of text are read. Throws InputError for another kind of file, what the formats' readers and choose_matrix
  /// refuse, a tensor that gives no (N, D) matrix, parts of different widths or types, or without a `tensor` of
  /// different names, and settings that the file has no use for.
  RowReader(const std::filesystem::path& path, const std::string& tensor, const RowSettings& settings = {});
  ~RowReader();

  int64_t rows() const { return rows_; }
  int64_t columns() const { return parts_[0].pooling.width; }
  /// As it was asked for.
  const std::filesystem::path& path() const { return path_; }
  /// What was opened, for messages: "features.npy", "model.safetensors, tensor 'fc.weight'".
  const std::string& name() const { return name_; }
  /// What was taken for what: for people and result files.
  const RowsTaken& taken() const { return taken_; }

  /// The unit roundoff of the numbers that the file holds, which pooled rows are made of, too.
  double roundoff() const { return parts_[0].span.roundoff(); }

  /// The next rows, at most `count`: (n, D) in the file's type, or float64 where that is none of floating numbers; n =
  /// 0 after the last. Throws InputError when it cannot be read.
  array::Array next(int64_t count);

 private:
  struct Part {
    std::filesystem::path path;
    std::string name;  // for messages
    ArraySpan span;    // (rows, ...)
    Pooling pooling = {};
  };
  void open(const std::vector<std::filesystem::path>& paths, const std::string& tensor);
  void take_arrays(std::vector<FileChoice> files, bool any_name);
  void read_table(const std::filesystem::path& path);
  void take_parts();
  void read(const Part& part, int64_t row, int64_t count, char* out);
  void read_pooled(const Part& part, int64_t row, int64_t count, char* out);

  std::filesystem::path path_;
  std::string name_;
  RowSettings settings_;
  RowsTaken taken_;
  std::vector<Part> parts_;
  int64_t rows_ = 0;
  size_t part_ = 0;                      // to be read next,
  int64_t done_ = 0;                     // and its rows that were
  std::optional<array::Array> text_;     // the whole matrix, of a table of text
  std::unique_ptr<SpanRows> open_part_;  // of any other file
};

}  // namespace directclr::io
