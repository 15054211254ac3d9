#include "directclr/tensor/tensor_file.h"

#include "directclr/io/safetensors.h"
#include "directclr/tensor/arrays.h"

namespace directclr::tensor {

const at::Tensor* TensorFile::find(const std::string& name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  io::ArrayFile arrays;
  arrays.metadata = file.metadata;
  for (const auto& [name, tensor] : file.tensors) arrays.add(name, array_of(tensor));
  io::write_safetensors(path, arrays);
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  io::ArrayFile arrays = io::read_safetensors(path);
  TensorFile file;
  file.metadata = std::move(arrays.metadata);
  for (const auto& [name, values] : arrays.arrays) file.add(name, tensor_of(values));
  return file;
}

}  // namespace directclr::tensor
