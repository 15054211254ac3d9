#include "cli/standard_input.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>

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

void StandardInput::rethrow(const InputError& error) const {
  std::string message = error.what();
  const std::string file = path_.string();
  if (!message.starts_with(file)) throw error;
  message.replace(0, file.size(), "standard input");
  const size_t colon = message.find(": ");
  throw InputError(message.substr(0, colon), message.substr(colon + 2));
}

}  // namespace directclr::cli
