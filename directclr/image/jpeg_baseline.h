#pragma once

#include <string_view>
#include <vector>

#include "directclr/image/image.h"
#include "directclr/image/jpeg_header.h"
#include "directclr/image/jpeg_kernels.h"

namespace directclr::image {

/// Decodes baseline JPEGs, whole or in part, to the bytes that libjpeg-turbo gives (with its slow integer transform and
/// smooth upsampling, Pillow's choice too), in two thirds of its time or less: most of that goes into Huffman codes,
/// and here one look at a table does for a code and its value, and values of blocks that nobody wants are passed over.
/// Reuses its memory from picture to picture; one for each thread.
class BaselineJpeg {
 public:
  explicit BaselineJpeg(const JpegKernels& kernels = jpeg_kernels()) : kernels_(kernels) {}

  /// Decodes the part of the picture into `image`. Requires: the part inside the picture, and not empty. False where
  /// anything is wrong with what was read (of a whole picture, also where its end is missing); `image` then holds
  /// nothing of use.
  bool decode(std::string_view bytes, const JpegHeader& header, const Box& part, Image& image);

 private:
  // The samples of one component that were decoded.
  struct Plane {
    std::vector<uint8_t> memory;
    ptrdiff_t stride = 0;
    int left = 0, top = 0;      // in the picture, in samples
    int width = 0, height = 0;  // of the whole picture, in samples
    uint8_t* row(int y) { return memory.data() + (y - top + 1) * stride + kAround - left; }
  };
  static constexpr int kAround =
      32;  // bytes left and right of a row: neighbours that are looked at, and whole registers

  bool prepare(std::string_view bytes, const Box& part);
  void start_segment();
  bool read(int units, bool keep);
  void mend_edges(int unit_row);
  void convert(int first_row, int end_row, const Box& part, Image& image);

  const JpegKernels& kernels_;
  const JpegHeader* header_ = nullptr;
  std::string_view bytes_;
  size_t at_ = 0;          // where the next segment of the data begins
  int marker_ = 0;         // what ended the last one
  int until_restart_ = 0;  // units
  int restarts_ = 0;
  std::vector<uint8_t> segment_;  // data between two restart markers, without stuffed zeros
  JpegBits bits_;
  std::array<HuffmanTable, 4> dc_, ac_;
  std::array<JpegRow, 3> rows_;
  std::array<Plane, 3> planes_;
  int unit_width_ = 8, unit_height_ = 8;  // pixels of a minimum coded unit
  int units_across_ = 0, units_down_ = 0;
  int first_column_ = 0, end_column_ = 0, first_row_ = 0, end_row_ = 0;  // units that are kept
  std::vector<uint8_t> blue_, red_;                                      // a widened row each
};

}  // namespace directclr::image
