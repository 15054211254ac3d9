#include "directclr/image/jpeg_header.h"

#include <numeric>

namespace directclr::image {
namespace {

// Bytes read front to back; past the end come zeros, and `short_of` tells.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  int next() {
    if (at_ < bytes_.size()) return static_cast<uint8_t>(bytes_[at_++]);
    short_ = true;
    return 0;
  }
  int next_two() {
    const int high = next();
    return high * 256 + next();
  }
  // The next `count` bytes by themselves.
  Bytes part(size_t count) {
    if (count > bytes_.size() - at_) short_ = true;
    Bytes result(short_ ? std::string_view() : bytes_.substr(at_, count));
    at_ += short_ ? 0 : count;
    return result;
  }
  bool starts_with(std::string_view what) const { return bytes_.substr(at_).starts_with(what); }
  size_t left() const { return bytes_.size() - at_; }
  size_t at() const { return at_; }
  bool short_of() const { return short_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool short_ = false;
};

enum Marker {
  kStartOfFrame = 0xC0,
  kHuffman = 0xC4,
  kStart = 0xD8,
  kScan = 0xDA,
  kQuantisation = 0xDB,
  kRestart = 0xDD,
  kApplication = 0xE0,
  kAdobe = 0xEE,
  kComment = 0xFE
};

struct Parser {
  JpegHeader header;
  std::array<std::optional<std::array<uint16_t, 64>>, 4> steps;
  std::array<int, 3> identifier{};
  std::array<size_t, 3> steps_of{};
  bool jfif = false;
  std::optional<int> adobe_transform;

  // Each reads one segment and tells whether it is of the kind that we decode.
  bool read_quantisation(Bytes segment) {
    while (segment.left() > 0) {
      const int which = segment.next();
      if (which > 3) return false;  // also those of 16 bits
      auto& table = steps[static_cast<size_t>(which)].emplace();
      for (const uint8_t place : kZigzag) table[place] = static_cast<uint16_t>(segment.next());
    }
    return !segment.short_of();
  }

  bool read_huffman(Bytes segment) {
    while (segment.left() > 0) {
      const int which = segment.next();
      if ((which & 0xEF) > 3) return false;
      JpegHeader::Codes codes;
      for (auto& count : codes.counts) count = static_cast<uint8_t>(segment.next());
      const int symbols = std::accumulate(codes.counts.begin(), codes.counts.end(), 0);
      if (symbols > 256) return false;
      for (int i = 0; i < symbols; ++i) codes.symbols[static_cast<size_t>(i)] = static_cast<uint8_t>(segment.next());
      (which & 0x10 ? header.ac : header.dc)[static_cast<size_t>(which & 3)] = codes;
    }
    return !segment.short_of();
  }

  bool read_frame(Bytes segment) {
    if (header.components != 0 || segment.next() != 8) return false;
    header.height = segment.next_two();
    header.width = segment.next_two();
    const int count = segment.next();
    if (header.width == 0 || header.height == 0 || (count != 1 && count != 3)) return false;
    header.components = count;
    for (size_t c = 0; c < static_cast<size_t>(count); ++c) {
      identifier[c] = segment.next();
      const int sampling = segment.next();
      header.component[c].across = sampling >> 4;
      header.component[c].down = sampling & 15;
      steps_of[c] = static_cast<size_t>(segment.next());
    }
    return segment.left() == 0 && !segment.short_of();
  }

  bool read_scan(Bytes segment) {
    if (header.components == 0 || segment.next() != header.components) return false;
    for (size_t c = 0; c < static_cast<size_t>(header.components); ++c) {
      auto& component = header.component[c];
      if (segment.next() != identifier[c] || steps_of[c] > 3 || !steps[steps_of[c]]) return false;
      component.steps = *steps[steps_of[c]];
      const int tables = segment.next();
      component.dc = static_cast<size_t>(tables >> 4);
      component.ac = static_cast<size_t>(tables & 15);
      if (component.dc > 3 || component.ac > 3 || !header.dc[component.dc] || !header.ac[component.ac]) return false;
    }
    const int first = segment.next(), last = segment.next(), approximation = segment.next();
    return first == 0 && last == 63 && approximation == 0 && segment.left() == 0 && !segment.short_of();
  }

  bool read_application(int marker, Bytes segment) {
    if (marker == kApplication && segment.left() >= 14 && segment.starts_with(std::string_view("JFIF\0", 5)))
      jfif = true;
    if (marker == kAdobe && segment.left() >= 12 && segment.starts_with("Adobe")) {
      for (int i = 0; i < 11; ++i) segment.next();
      adobe_transform = segment.next();
    }
    return true;
  }

  // Whether three components are luminance and colour differences: by JFIF, by Adobe's word, by the usual numbers.
  bool known_colours() const {
    if (jfif) return true;
    if (adobe_transform) return *adobe_transform == 1;
    return identifier == std::array{1, 2, 3};
  }

  bool known_layout() {
    auto& [luminance, blue, red] = header.component;
    if (header.components == 1) {
      luminance.across = luminance.down = 1;  // alone in its scan, a component comes block by block
      return true;
    }
    const bool whole = blue.across == 1 && blue.down == 1 && red.across == 1 && red.down == 1;
    const bool subsampled = (luminance.across == 1 && luminance.down == 1) ||
                            (luminance.across == 2 && (luminance.down == 1 || luminance.down == 2));
    return whole && subsampled && known_colours();
  }
};

}  // namespace

const std::array<uint8_t, 64> kZigzag = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                         12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                         35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                         58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

std::optional<JpegHeader> read_baseline_header(std::string_view bytes) {
  Parser parser;
  Bytes in(bytes);
  if (in.next() != 0xFF || in.next() != kStart) return std::nullopt;
  while (true) {
    if (in.next() != 0xFF) return std::nullopt;
    int marker = in.next();
    while (marker == 0xFF) marker = in.next();  // any number of fill bytes
    const int length = in.next_two();
    if (length < 2) return std::nullopt;
    const Bytes segment = in.part(static_cast<size_t>(length - 2));
    if (in.short_of()) return std::nullopt;
    bool known = true;
    switch (marker) {
      case kQuantisation: known = parser.read_quantisation(segment); break;
      case kHuffman: known = parser.read_huffman(segment); break;
      case kStartOfFrame: known = parser.read_frame(segment); break;
      case kRestart: {
        Bytes interval = segment;
        parser.header.restart_interval = interval.next_two();
        known = interval.left() == 0 && !interval.short_of();
        break;
      }
      case kScan:
        if (!parser.read_scan(segment) || !parser.known_layout()) return std::nullopt;
        parser.header.data = in.at();
        return parser.header;
      default:
        known = ((marker & 0xF0) == kApplication || marker == kComment) && parser.read_application(marker, segment);
    }
    if (!known) return std::nullopt;
  }
}

}  // namespace directclr::image
