// PBM, PGM and PPM, as text (P1 to P3) and as bytes (P4 to P6).

#include <cmath>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The file as words with blanks and comments (# to the end of the line) between.
class PnmWords {
 public:
  PnmWords(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  // A number; `what` it is, for the error. One blank after it is taken, too.
  uint32_t number(const char* what) {
    skip_blanks();
    uint32_t value = 0;
    const size_t begin = at_;
    for (; at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9'; ++at_) {
      value = 10 * value + static_cast<uint32_t>(bytes_[at_] - '0');
      if (value >= 1u << 28) fail(what);
    }
    if (at_ == begin) fail(what);
    if (at_ < bytes_.size() && bytes_[at_] == '#')
      skip_blanks();
    else if (at_ < bytes_.size() && is_blank(bytes_[at_]))
      ++at_;
    else if (at_ < bytes_.size())
      fail(what);
    return value;
  }
  // 0 or 1; nothing need stand between two of them.
  bool bit() {
    skip_blanks();
    if (at_ == bytes_.size()) throw InputError(where_, "truncated PNM");
    const char c = bytes_[at_++];
    if (c != '0' && c != '1') fail("0 or 1");
    return c == '1';
  }
  bool at_end() {
    skip_blanks();
    return at_ == bytes_.size();
  }
  std::string_view rest() const { return bytes_.substr(at_); }

 private:
  void skip_blanks() {
    for (; at_ < bytes_.size(); ++at_) {
      if (bytes_[at_] == '#') {
        while (at_ < bytes_.size() && bytes_[at_] != '\n' && bytes_[at_] != '\r') ++at_;
        if (at_ == bytes_.size()) return;
      } else if (!is_blank(bytes_[at_])) {
        return;
      }
    }
  }
  [[noreturn]] void fail(const char* what) const { throw InputError(where_, std::string("damaged PNM: no ") + what); }

  std::string_view bytes_;
  const std::string& where_;
  size_t at_ = 2;
};

// Pillow's scaling to 0 .. 255, in its order of operations; of gray above 255 Pillow clips instead, which turns such
// pictures white.
uint8_t scaled_sample(uint32_t value, uint32_t most) {
  return static_cast<uint8_t>(std::fmin(255.0, std::nearbyint(static_cast<double>(value) / most * 255)));
}

}  // namespace

Size decode_pnm(std::string_view bytes, const std::string& where, Image* image) {
  const char kind = bytes[1];
  const bool text = kind <= '3', bits = kind == '1' || kind == '4', colour = kind == '3' || kind == '6';
  PnmWords words(bytes, where);
  const uint32_t width = words.number("width"), height = words.number("height");
  const Size size = checked_size(width, height, where);
  const uint32_t most = bits ? 1 : words.number("largest value");
  if (most == 0 || most > 65535) throw InputError(where, "damaged PNM: its largest value is not 1 .. 65535");
  if (!image) return size;

  const size_t samples = size_t{width} * height * (colour ? 3 : 1);
  const std::string_view data = words.rest();
  const size_t wide = most > 255 ? 2 : 1, row_bytes = (size_t{width} + 7) / 8;
  // Text needs at least a digit a sample: no more memory than the file is worth.
  if (data.size() < (text ? samples : bits ? row_bytes * height : samples * wide)) {
    throw InputError(where, "truncated PNM");
  }
  image->resize(size.width, size.height);
  if (kind == '6' && most == 255) {
    std::memcpy(image->pixels.data(), data.data(), samples);
    return size;
  }
  uint8_t* out = image->pixels.data();
  for (size_t i = 0; i < samples; ++i) {
    uint8_t value = 0;
    if (bits) {
      const size_t x = i % width;
      const bool black = text ? words.bit() : (data[i / width * row_bytes + x / 8] >> (7 - x % 8) & 1) != 0;
      value = black ? 0 : 255;
    } else if (text) {
      if (words.at_end()) throw InputError(where, "truncated PNM");
      const uint32_t sample = words.number("number");
      if (sample > most) throw InputError(where, "damaged PNM: a value is larger than it says");
      value = scaled_sample(sample, most);
    } else {
      uint32_t sample = static_cast<uint8_t>(data[wide * i]);
      if (wide == 2) sample = sample << 8 | static_cast<uint8_t>(data[2 * i + 1]);
      value = most == 255 ? static_cast<uint8_t>(sample) : scaled_sample(sample, most);
    }
    *out++ = value;
    if (colour) continue;
    *out++ = value;
    *out++ = value;
  }
  return size;
}

}  // namespace directclr::image
