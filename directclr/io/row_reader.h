#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "directclr/io/tensor_span.h"

namespace directclr::io {

/// The rows of a matrix in a file, block after block, in the memory of one block: embeddings from any framework.
class RowReader {
 public:
  /// Opens a .npy file, a .csv file (numbers with commas, semicolons or blanks between; a first line that is not
  /// numbers is a heading; read as a whole), or of a .npz, .safetensors, .pt or .pth file the tensor of that name
  /// (empty: its only matrix). Throws InputError for another kind of file, what the formats' readers refuse, a tensor
  /// that is not there or is no (N, D) matrix of floating numbers.
  RowReader(const std::filesystem::path& path, const std::string& tensor);

  int64_t rows() const { return span_.shape[0]; }
  int64_t columns() const { return span_.shape[1]; }
  /// What was opened, for messages: "features.npy", "model.safetensors, tensor 'fc.weight'".
  const std::string& name() const { return name_; }

  /// The next rows, at most `count`: (n, D) in the file's type; n = 0 after the last. Throws InputError when it cannot
  /// be read.
  at::Tensor next(int64_t count);

 private:
  std::filesystem::path path_;
  std::string name_;
  TensorSpan span_;
  at::Tensor all_;  // the whole matrix, of a text file
  int64_t done_ = 0;
};

}  // namespace directclr::io
