#include "directclr/io/column_choice.h"

#include <fnmatch.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

// FIRST:END, or a position alone: false when it is neither.
bool parse_columns(const std::string& piece, int64_t count, int64_t& first, int64_t& end) {
  const auto bound = [&](const std::string& text, int64_t otherwise, int64_t& value) {
    value = otherwise;
    if (text.empty()) return true;
    if (!parse_int(text, value)) return false;
    if (value < 0) value += count;
    return true;
  };
  const auto ends = split(piece, ':');
  if (ends.size() == 2) return bound(ends[0], 0, first) && bound(ends[1], count, end);
  if (ends.size() != 1 || ends[0].empty() || !bound(ends[0], 0, first)) return false;
  end = first + 1;
  return true;
}

}  // namespace

std::vector<bool> choose_columns(const std::string& text, int64_t count, const std::vector<std::string>& names,
                                 const std::string& option) {
  std::vector<bool> chosen(static_cast<size_t>(count), false);
  for (const auto& piece : split(text, ',')) {
    bool found = false;
    for (size_t c = 0; c < names.size(); ++c) {
      if (piece.empty() || (piece != names[c] && ::fnmatch(piece.c_str(), names[c].c_str(), 0) != 0)) continue;
      chosen[c] = found = true;
    }
    if (found) continue;
    int64_t first = 0, end = 0;
    if (parse_columns(piece, count, first, end)) {
      if (first < 0 || end > count || first >= end) {
        throw InputError(
            option, "'" + piece + "' names no column",
            format("there are %lld, 0:%lld", static_cast<long long>(count), static_cast<long long>(count)));
      }
      std::fill(chosen.begin() + first, chosen.begin() + end, true);
      continue;
    }
    if (names.empty()) {
      throw InputError(option, "the table names no columns, so there is no '" + piece + "'",
                       "give a range, FIRST:END counted from 0");
    }
    const std::string near = nearest(piece, names);
    const std::vector<std::string> some(names.begin(), names.begin() + std::min<ptrdiff_t>(6, std::ssize(names)));
    throw InputError(
        option, "there is no column '" + piece + "'",
        near.empty() ? "there are " + join(some) + (names.size() > 6 ? ", ..." : "") : "did you mean '" + near + "'?");
  }
  return chosen;
}

}  // namespace directclr::io
