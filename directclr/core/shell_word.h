#pragma once

#include <string>
#include <string_view>

namespace directclr {

/// A word of a command line as a shell takes it, so that what is shown can be copied: as it is, or in single quotes
/// where it holds blanks, or signs that mean something to a shell.
inline std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char letter : word) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

}  // namespace directclr
