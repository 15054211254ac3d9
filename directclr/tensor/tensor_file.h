#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace directclr::tensor {

/// Tensors by name, in file order, with string metadata: the content of a .safetensors file.
struct TensorFile {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor of that name, or null.
  const at::Tensor* find(const std::string& name) const;
  void add(std::string name, at::Tensor tensor) { tensors.emplace_back(std::move(name), std::move(tensor)); }
};

/// As io::write_safetensors (io/safetensors.h).
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);
/// As io::read_safetensors.
TensorFile read_safetensors(const std::filesystem::path& path);

}  // namespace directclr::tensor
