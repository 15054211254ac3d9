#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "directclr/core/text.h"

namespace directclr {

/// "12,345".
inline std::string count_text(int64_t count) {
  std::string text = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

/// A noun as it stands behind a count: "row", "rows".
inline std::string plural(int64_t count, const std::string& noun) { return count == 1 ? noun : noun + "s"; }

/// A count with its noun: "1 row", "12,345 rows".
inline std::string counted(int64_t count, const std::string& noun) {
  return count_text(count) + " " + plural(count, noun);
}

/// The verbs behind a count.
inline const char* have(int64_t count) { return count == 1 ? "has" : "have"; }
inline const char* are(int64_t count) { return count == 1 ? "is" : "are"; }

/// A share for readers: "1/10,000" of 1e-4, "1/7" of 1/7, "0.3" of what is no such part.
inline std::string share_text(double share) {
  const double parts = share > 0 ? 1 / share : 0;
  const bool whole = parts >= 2 && parts < 1e15 && std::abs(parts - std::round(parts)) < 1e-9 * parts;
  return whole ? "1/" + count_text(std::llround(parts)) : format("%g", share);
}

/// A sentence's first letter made large.
inline std::string first_upper(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace directclr
