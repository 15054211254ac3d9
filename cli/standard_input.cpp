#include "cli/standard_input.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"

namespace directclr::cli {

StandardInput::StandardInput() {
  std::error_code none;
  const auto temporary = std::filesystem::temp_directory_path(none);
  std::string pattern = ((none ? "/tmp" : temporary) / "directclr-stdin-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw InputError(pattern, std::string("cannot be made: ") + std::strerror(errno));
  folder_ = pattern;
  const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
  path_ = folder_ / (bytes.starts_with("\x93NUMPY") ? "standard-input.npy" : "standard-input.csv");
  write_file(path_, bytes);
}

StandardInput::~StandardInput() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace directclr::cli
