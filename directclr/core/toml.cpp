#include "directclr/core/toml.h"

#include "directclr/core/error.h"
#include "directclr/core/files.h"

namespace directclr {

toml::table read_toml_file(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    throw InputError(line ? path + ":" + std::to_string(line) : path, std::string(error.description()));
  }
}

}  // namespace directclr
