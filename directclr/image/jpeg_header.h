#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace directclr::image {

/// What stands before the data of a baseline JPEG (ITU-T T.81, sequential Huffman coding, 8 bits) whose components all
/// come in one scan: the kind that cameras and data sets are made of.
struct JpegHeader {
  /// A Huffman table as the file gives it: how many codes of 1 .. 16 bits, and their symbols in order.
  struct Codes {
    std::array<uint8_t, 16> counts{};
    std::array<uint8_t, 256> symbols{};
    bool operator==(const Codes&) const = default;
  };
  struct Component {
    int across = 1, down = 1;          // blocks in a minimum coded unit
    std::array<uint16_t, 64> steps{};  // of quantisation, row by row
    size_t dc = 0, ac = 0;             // its tables in `dc` and `ac` below
  };

  int width = 0;
  int height = 0;
  int components = 0;  // 1 (gray) or 3 (luminance, blue and red difference)
  std::array<Component, 3> component;
  std::array<std::optional<Codes>, 4> dc, ac;
  int restart_interval = 0;  // minimum coded units between restart markers; 0: none
  size_t data = 0;           // where the coded data begin
};

/// Place of coefficient k of the zigzag order in its block, row by row.
extern const std::array<uint8_t, 64> kZigzag;

/// Reads the header. Nothing where the picture is not of this kind: progressive, arithmetic, 12 bits, several scans,
/// CMYK or RGB, another subsampling than 4:4:4, 4:2:2 (across) and 4:2:0, or anything unusual or damaged.
std::optional<JpegHeader> read_baseline_header(std::string_view bytes);

}  // namespace directclr::image
