// BMP: palettes of 1, 4 and 8 bits, also run-length coded; 16, 24 and 32 bits.

#include <array>
#include <optional>

#include "directclr/core/error.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

struct Bmp {
  std::string_view bytes;
  const std::string& where;

  uint32_t width = 0, height = 0;
  bool top_down = false;
  uint32_t bits = 0, compression = 0;
  size_t data = 0;                                    // where the pixels begin
  std::array<std::array<uint8_t, 3>, 256> palette{};  // RGB
  std::array<uint32_t, 3> mask{};                     // of red, green and blue, where compression is kBitFields

  enum { kPlain = 0, kRuns8 = 1, kRuns4 = 2, kBitFields = 3 };

  [[noreturn]] void refuse(const std::string& what) const { throw InputError(where, what); }
  uint32_t number(size_t at, size_t count) const {
    if (at > bytes.size() || bytes.size() - at < count) refuse("truncated BMP");
    uint32_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  }

  void read_head() {
    const uint32_t header = number(14, 4);
    const bool old = header == 12;
    width = number(18, old ? 2 : 4);
    height = old ? number(20, 2) : number(22, 4);
    bits = number(old ? 24 : 28, 2);
    if (!old) compression = number(30, 4);
    top_down = !old && height >> 24 == 0xFF;  // a negative height
    if (top_down) height = -height;
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
      refuse("a BMP of " + std::to_string(bits) + " bits a pixel is not supported");
    }
    const bool fits = compression == kPlain || (compression == kRuns8 && bits == 8) ||
                      (compression == kRuns4 && bits == 4) || (compression == kBitFields && bits >= 16);
    if (!fits) refuse("a BMP of compression " + std::to_string(compression) + " is not supported");
    size_t after = 14 + size_t{header};
    if (compression == kBitFields) {
      for (size_t c = 0; c < 3; ++c) mask[c] = number(54 + 4 * c, 4);
      if (header == 40) after += 12;
    }
    const uint32_t entry = old ? 3 : 4;
    uint64_t colors = old ? 0 : number(46, 4);
    if (colors == 0) colors = uint64_t{1} << std::min<uint32_t>(bits, 16);
    data = number(10, 4);
    if (bits <= 8) {
      if (colors > 65536) refuse("damaged BMP: a palette of " + std::to_string(colors) + " colours");
      if (data == 14 + size_t{header}) data += entry * colors;
      read_palette(after, entry, colors);
      after += entry * colors;
    }
    if (data == 0) data = after;
  }

  void read_palette(size_t at, uint32_t entry, uint64_t colors) {
    for (size_t i = 0; i < 256; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        palette[i][c] = i < colors ? static_cast<uint8_t>(number(at + i * entry + 2 - c, 1)) : static_cast<uint8_t>(i);
      }
    }
  }

  // How a pixel of 16 to 32 bits becomes three bytes.
  void read_colours(Image& image) const {
    const bool wide_green = mask == std::array<uint32_t, 3>{0xF800, 0x7E0, 0x1F};
    std::array<uint32_t, 3> shift = {16, 8, 0};
    if (bits == 16 && compression == kBitFields && !wide_green &&
        mask != std::array<uint32_t, 3>{0x7C00, 0x3E0, 0x1F}) {
      refuse("a BMP of these colour masks is not supported");
    }
    if (bits >= 24 && compression == kBitFields && mask != std::array<uint32_t, 3>{}) {
      for (size_t c = 0; c < 3; ++c) {
        shift[c] = mask[c] == 0xFF ? 0 : mask[c] == 0xFF00 ? 8 : mask[c] == 0xFF0000 ? 16 : 24;
        if (mask[c] != 0xFFu << shift[c] || shift[c] >= bits) refuse("a BMP of these colour masks is not supported");
      }
    }
    const size_t stride = (size_t{width} * bits + 31) / 32 * 4, pixel = bits / 8;
    if (data > bytes.size() || bytes.size() - data < stride * (height - 1) + pixel * width) refuse("truncated BMP");
    image.resize(static_cast<int>(width), static_cast<int>(height));
    for (uint32_t y = 0; y < height; ++y) {
      const size_t row = data + stride * y;
      uint8_t* out = row_of(image, y);
      for (size_t x = 0; x < width; ++x, out += 3) {
        const uint32_t value = number(row + pixel * x, pixel);
        if (bits == 16) {
          const uint32_t most = wide_green ? 63 : 31;
          out[0] = static_cast<uint8_t>((value >> (wide_green ? 11 : 10) & 31) * 255 / 31);
          out[1] = static_cast<uint8_t>((value >> 5 & most) * 255 / most);
          out[2] = static_cast<uint8_t>((value & 31) * 255 / 31);
        } else {
          for (size_t c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(value >> shift[c]);
        }
      }
    }
  }

  void read_indices(Image& image) const {
    const size_t stride = (size_t{width} * bits + 31) / 32 * 4;
    if (data > bytes.size() || bytes.size() - data < stride * (height - 1) + (size_t{width} * bits + 7) / 8) {
      refuse("truncated BMP");
    }
    image.resize(static_cast<int>(width), static_cast<int>(height));
    for (uint32_t y = 0; y < height; ++y) {
      const auto* row = reinterpret_cast<const uint8_t*>(bytes.data()) + data + stride * y;
      uint8_t* out = row_of(image, y);
      for (size_t x = 0; x < width; ++x) {
        const size_t bit = x * bits;
        put(out + 3 * x, row[bit / 8] >> (8 - bits - bit % 8) & ((1u << bits) - 1));
      }
    }
  }

  // Runs: a count and a value, or 0 and an escape. Pixels lie one after another as if there were no rows; only the
  // ends of rows and the longest run of equal pixels know of them.
  void read_runs(Image& image) const {
    const size_t pixels = size_t{width} * height;
    // A pair of bytes makes 255 pixels at most, but an escape skips as many rows as it likes: checked as they come.
    std::vector<uint8_t> indices;
    size_t at = data, x = 0;
    const auto nibble = [&](uint32_t byte, size_t i) {
      return static_cast<uint8_t>(i % 2 == 0 ? byte >> 4 : byte & 15);
    };
    const auto add = [&](uint8_t value) {
      if (indices.size() < pixels) indices.push_back(value);
    };
    while (indices.size() < pixels) {
      const uint32_t count = number(at, 1), value = number(at + 1, 1);
      at += 2;
      if (count > 0) {
        const size_t run = std::min<size_t>(count, width - std::min<size_t>(x, width));
        for (size_t i = 0; i < run; ++i) add(compression == kRuns4 ? nibble(value, i) : static_cast<uint8_t>(value));
        x += run;
      } else if (value == 0) {
        while (indices.size() % width != 0) add(0);
        x = 0;
      } else if (value == 1) {
        refuse("truncated BMP");
      } else if (value == 2) {
        const size_t skip = number(at, 1) + size_t{number(at + 1, 1)} * width;
        at += 2;
        indices.resize(std::min(pixels, indices.size() + skip), 0);
        x = indices.size() % width;
      } else {
        const size_t run = std::min<size_t>(value, pixels - indices.size());
        for (size_t i = 0; i < run; ++i) {
          add(compression == kRuns4 ? nibble(number(at + i / 2, 1), i) : static_cast<uint8_t>(number(at + i, 1)));
        }
        at += compression == kRuns4 ? (run + 1) / 2 : run;
        x += value;
        at += at % 2;  // of the file
      }
    }
    image.resize(static_cast<int>(width), static_cast<int>(height));
    for (uint32_t y = 0; y < height; ++y) {
      uint8_t* out = row_of(image, y);
      for (size_t i = 0; i < width; ++i) put(out + 3 * i, indices[size_t{y} * width + i]);
    }
  }

  void put(uint8_t* out, size_t index) const { std::copy(palette[index].begin(), palette[index].end(), out); }
  uint8_t* row_of(Image& image, uint32_t y) const { return image.row(static_cast<int>(top_down ? y : height - 1 - y)); }
};

}  // namespace

Size decode_bmp(std::string_view bytes, const std::string& where, Image* image) {
  Bmp bmp{bytes, where};
  bmp.read_head();
  const Size size = checked_size(bmp.width, bmp.height, where);
  if (!image) return size;
  if (bmp.bits > 8)
    bmp.read_colours(*image);
  else if (bmp.compression == Bmp::kPlain)
    bmp.read_indices(*image);
  else
    bmp.read_runs(*image);
  return size;
}

}  // namespace directclr::image
