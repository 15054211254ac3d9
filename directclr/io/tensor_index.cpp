#include "directclr/io/tensor_index.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "directclr/io/torch_file.h"
#include "directclr/io/zip_index.h"

namespace directclr::io {
namespace {

using Index = std::vector<std::pair<std::string, TensorSpan>>;

Index read_npz_index(const std::filesystem::path& path) {
  Index index;
  for (const auto& [name, entry] : read_zip_index(path)) {
    if (!name.ends_with(".npy")) continue;
    const std::string array = name.substr(0, name.size() - 4);
    if (!entry.stored) {
      throw InputError(path.string(), "array '" + array + "' is compressed", "save it with numpy.savez or as .npy");
    }
    index.emplace_back(array, read_npy_span(path, entry.offset, entry.size, path.string() + ", array '" + array + "'"));
  }
  return index;
}

}  // namespace

Index read_tensor_index(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") return read_safetensors_index(path).tensors;
  if (path.extension() == ".npz") return read_npz_index(path);
  if (path.extension() == ".pt" || path.extension() == ".pth") return read_torch_index(path);
  throw InputError(path.string(), "is neither a run directory nor a .npy, .npz, .safetensors, .pt, .pth or .csv file");
}

at::Tensor read_tensor(const std::filesystem::path& path, const TensorSpan& span) {
  at::Tensor tensor = at::empty(span.shape, span.type);
  if (tensor.nbytes() > 0) {
    const std::string bytes = read_range(path, span.offset, tensor.nbytes());
    std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  }
  return tensor;
}

}  // namespace directclr::io
