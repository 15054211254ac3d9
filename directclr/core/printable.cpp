#include "directclr/core/printable.h"

#include <cstdint>

#include "directclr/core/text.h"

namespace directclr {
namespace {

// The length of the UTF-8 sequence at the beginning; 0: there is none.
size_t sequence_length(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                   (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return bad ? 0 : length;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<uint8_t>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && static_cast<uint8_t>(sequence[1]) < 0xA0;
}

// Calls `take` for each sequence, or for each byte that begins none.
template <class Take>
void each_sequence(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const size_t length = sequence_length(bytes);
    take(bytes.substr(0, length == 0 ? 1 : length), length > 0);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  bool all = true;
  each_sequence(bytes, [&](std::string_view, bool good) { all = all && good; });
  return all;
}

std::string printable(std::string_view name) {
  bool plain = true;
  each_sequence(name, [&](std::string_view part, bool good) { plain = plain && good && !is_control(part); });
  if (plain) return std::string(name);
  std::string text;
  each_sequence(name, [&](std::string_view part, bool good) {
    if (part == "\\") {
      text += "\\\\";
    } else if (good && !is_control(part)) {
      text += part;
    } else {
      for (const char c : part) text += format("\\x%02X", static_cast<uint8_t>(c));
    }
  });
  return text;
}

}  // namespace directclr
