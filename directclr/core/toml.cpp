#include "directclr/core/toml.h"

#include <algorithm>
#include <string_view>

#include "directclr/core/error.h"
#include "directclr/core/files.h"

namespace directclr {
namespace {

// The line of the first character beyond ASCII that stands neither in a string nor in a comment; 0: there is none.
size_t line_of_stray_character(std::string_view text) {
  size_t line = 1;
  std::string_view ends_string;  // empty: outside
  for (size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      if (ends_string.size() == 1) ends_string = {};
    } else if (!ends_string.empty()) {
      const bool escape = c == '\\' && ends_string[0] == '"' && i + 1 < text.size() && text[i + 1] != '\n';
      if (escape) {
        ++i;
      } else if (text.substr(i).starts_with(ends_string)) {
        i += ends_string.size() - 1;
        ends_string = {};
      }
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '"' || c == '\'') {
      const std::string_view three = c == '"' ? R"(""")" : "'''";
      ends_string = text.substr(i).starts_with(three) ? three : three.substr(0, 1);
      i += ends_string.size() - 1;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return line;
    }
  }
  return 0;
}

}  // namespace

toml::table read_toml_file(const std::string& path) {
  const std::string text = read_file(path);
  if (const size_t line = line_of_stray_character(text)) {
    throw InputError(path + ":" + std::to_string(line), "a character beyond ASCII stands outside quotes and comments",
                     "write names and texts in \"quotes\"");
  }
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    throw InputError(line ? path + ":" + std::to_string(line) : path, std::string(error.description()));
  }
}

}  // namespace directclr
