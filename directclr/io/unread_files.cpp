#include "directclr/io/unread_files.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::io {

void refuse_known_ending(const std::filesystem::path& path) {
  struct Known {
    const char* ending;
    const char* way;
  };
  static constexpr const char* kArrays = "write the matrix as .npy: numpy.save('rows.npy', matrix)";
  static constexpr Known kKnown[] = {{".parquet", kTableHint}, {".arrow", kTableHint}, {".feather", kTableHint},
                                     {".xlsx", kTableHint},    {".xls", kTableHint},   {".h5", kArrays},
                                     {".hdf5", kArrays},       {".mat", kArrays},      {".gz", "unpack it first"}};
  for (const auto& [ending, way] : kKnown) {
    if (lower(path.extension().string()) == ending) {
      throw InputError(path.string(), std::string(ending) + " files are not read", way);
    }
  }
}

std::string hint_on_unknown(const std::filesystem::path& path) {
  constexpr uint64_t kLooked = 4096;
  const std::string begin = read_range(path, 0, std::min(size_of_file(path), kLooked));
  if (begin.empty()) return "the file is empty";
  if (begin.starts_with("PAR1")) return std::string("it is a Parquet file: ") + kTableHint;
  if (begin.starts_with("ARROW1") || begin.starts_with("FEA1"))
    return std::string("it is an Arrow file: ") + kTableHint;
  if (begin.starts_with("\x1f\x8b") || begin.starts_with("\x28\xb5\x2f\xfd") ||
      begin.starts_with("\xfd"
                        "7zXZ") ||
      begin.starts_with("BZh")) {
    return "it is compressed: unpack it first";
  }
  const bool text = std::ranges::none_of(begin, [](char c) { return c == '\0' || c == '\x7f' || (c > 0 && c < 9); });
  if (!text) return "raw numbers? numpy.save('rows.npy', numpy.fromfile(f, 'float32').reshape(-1, D))";
  const size_t first = begin.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && (begin[first] == '{' || begin[first] == '[')) {
    return "it is JSON: numpy.save('rows.npy', numpy.array(rows))";
  }
  return "a table of text? It is read under a name that ends in .csv, .tsv or .txt";
}

}  // namespace directclr::io
