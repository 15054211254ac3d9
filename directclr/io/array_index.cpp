#include "directclr/io/array_index.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/inflate.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "directclr/io/torch_file.h"
#include "directclr/io/zip_index.h"

namespace directclr::io {
namespace {

using Index = std::vector<std::pair<std::string, ArraySpan>>;

Index read_npz_index(const std::filesystem::path& path) {
  Index index;
  for (const auto& [name, entry] : read_zip_index(path)) {
    if (!name.ends_with(".npy")) continue;
    const std::string array = name.substr(0, name.size() - 4), what = path.string() + ", array '" + array + "'";
    std::string head(std::min(entry.size, kNpyHead), '\0');
    ArraySpan span;
    if (entry.stored) {
      span = parse_npy_head(read_range(path, entry.offset, head.size()), entry.size, what);
      span.offset += entry.offset;
    } else {
      InflateStream(path, entry.offset, entry.compressed).read(head.data(), head.size());
      span = parse_npy_head(head, entry.size, what);
      span.skip = std::exchange(span.offset, entry.offset);
      span.compressed = entry.compressed;
    }
    index.emplace_back(array, span);
  }
  return index;
}

}  // namespace

Index read_array_index(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") return read_safetensors_index(path).arrays;
  if (path.extension() == ".npz") return read_npz_index(path);
  if (path.extension() == ".pt" || path.extension() == ".pth") return read_torch_index(path);
  throw InputError(path.string(),
                   "is neither a run directory nor a .npy, .npz, .safetensors, .pt, .pth, .csv or .tar file");
}

array::Array read_array(const std::filesystem::path& path, const ArraySpan& span) {
  array::Array values = array::Array::empty(span.shape, span.type);
  if (values.nbytes() > 0 && span.compressed > 0) {
    InflateStream stream(path, span.offset, span.compressed);
    stream.skip(span.skip);
    stream.read(values.mutable_raw(), values.nbytes());
  } else if (values.nbytes() > 0) {
    read_range(path, span.offset, values.nbytes(), values.mutable_raw());
  }
  return values;
}

}  // namespace directclr::io
