#include "directclr/io/row_reader.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"

namespace directclr::io {
namespace {

bool is_matrix(const TensorSpan& span) { return span.shape.size() == 2 && at::isFloatingType(span.type); }

// The tensor asked for, or the only matrix there is.
std::pair<std::string, TensorSpan> choose(const std::filesystem::path& path, const std::string& wanted) {
  const SafetensorsIndex index = read_safetensors_index(path);
  std::vector<std::string> matrices;
  std::vector<std::string> names;
  const TensorSpan* only = nullptr;
  for (const auto& [name, span] : index.tensors) {
    if (name == wanted) return {name, span};
    names.push_back(name);
    if (!is_matrix(span)) continue;
    matrices.push_back(name);
    only = &span;
  }
  if (!wanted.empty()) {
    const std::string near = nearest(wanted, names);
    throw InputError(path.string(), "there is no tensor '" + wanted + "'",
                     near.empty() ? "" : "did you mean '" + near + "'?");
  }
  if (matrices.empty()) throw InputError(path.string(), "holds no matrix of floating numbers");
  if (matrices.size() > 1) {
    matrices.resize(std::min<size_t>(matrices.size(), 6));
    throw InputError(path.string(), "holds several matrices", "choose one with --tensor: " + join(matrices) + ", ...");
  }
  return {matrices[0], *only};
}

}  // namespace

RowReader::RowReader(const std::filesystem::path& path, const std::string& tensor)
    : path_(path), name_(path.filename().string()) {
  if (path.extension() == ".npy") {
    if (!tensor.empty()) throw InputError("--tensor", "a .npy file holds one array without a name");
    span_ = read_npy_span(path);
  } else if (path.extension() == ".safetensors") {
    const auto [name, span] = choose(path, tensor);
    name_ += ", tensor '" + name + "'";
    span_ = span;
  } else {
    throw InputError(path.string(), "is neither a run directory nor a .npy or .safetensors file");
  }
  if (!is_matrix(span_)) {
    std::vector<std::string> sizes;
    for (const int64_t size : span_.shape) sizes.push_back(std::to_string(size));
    throw InputError(path.string(), std::string("expected an (N, D) matrix of floating numbers, got ") +
                                        c10::toString(span_.type) + " (" + join(sizes) + ")");
  }
}

at::Tensor RowReader::next(int64_t count) {
  const int64_t taken = std::min(count, rows() - done_);
  at::Tensor block = at::empty({taken, columns()}, span_.type);
  const auto row_bytes = static_cast<uint64_t>(columns()) * c10::elementSize(span_.type);
  if (block.nbytes() > 0) {
    const std::string bytes =
        read_range(path_, span_.offset + static_cast<uint64_t>(done_) * row_bytes, block.nbytes());
    std::memcpy(block.data_ptr(), bytes.data(), bytes.size());
  }
  done_ += taken;
  return block;
}

}  // namespace directclr::io
