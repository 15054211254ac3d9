// The first picture of a TIFF: black and white, gray, palettes, RGB, CMYK, and YCbCr in JPEG, of up to 16 bits a
// sample, in strips or tiles, of any compression that libtiff knows.

#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/image/exif.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

// The bytes as libtiff asks for them, and what it complains of.
struct TiffFile {
  std::string_view bytes;
  uint64_t at = 0;
  std::string complaint;
};

TiffFile& tiff_of(thandle_t handle) { return *static_cast<TiffFile*>(handle); }

tmsize_t read_tiff_bytes(thandle_t handle, void* out, tmsize_t count) {
  TiffFile& file = tiff_of(handle);
  if (file.at >= file.bytes.size() || count <= 0) return 0;
  const auto taken = std::min<uint64_t>(static_cast<uint64_t>(count), file.bytes.size() - file.at);
  std::memcpy(out, file.bytes.data() + file.at, taken);
  file.at += taken;
  return static_cast<tmsize_t>(taken);
}
tmsize_t write_no_tiff(thandle_t, void*, tmsize_t) { return 0; }
toff_t seek_in_tiff(thandle_t handle, toff_t offset, int whence) {
  TiffFile& file = tiff_of(handle);
  file.at = whence == SEEK_SET ? offset : whence == SEEK_CUR ? file.at + offset : file.bytes.size() + offset;
  return file.at;
}
int close_no_tiff(thandle_t) { return 0; }
toff_t size_of_tiff(thandle_t handle) { return tiff_of(handle).bytes.size(); }
int map_tiff(thandle_t handle, void** base, toff_t* size) {
  TiffFile& file = tiff_of(handle);
  *base = const_cast<char*>(file.bytes.data());
  *size = file.bytes.size();
  return 1;
}
void unmap_no_tiff(thandle_t, void*, toff_t) {}

[[gnu::format(printf, 4, 0)]] int keep_complaint(TIFF*, void* file, const char*, const char* pattern, va_list values) {
  char text[256];
  std::vsnprintf(text, sizeof text, pattern, values);
  auto& complaint = static_cast<TiffFile*>(file)->complaint;
  if (complaint.empty()) complaint = text;
  return 1;
}
int keep_no_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

using TiffHandle = std::unique_ptr<TIFF, void (*)(TIFF*)>;

TiffHandle open_tiff(TiffFile& file, const std::string& where) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_complaint, &file);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), keep_no_warning, nullptr);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), tmsize_t{1} << 31);
  TiffHandle tiff(TIFFClientOpenExt("picture", "r", &file, read_tiff_bytes, write_no_tiff, seek_in_tiff, close_no_tiff,
                                    size_of_tiff, map_tiff, unmap_no_tiff, options.get()),
                  TIFFClose);
  if (!tiff) throw InputError(where, "damaged TIFF: " + file.complaint);
  return tiff;
}

template <class T>
T tag_of(TIFF* tiff, uint32_t tag, T otherwise) {
  T value = otherwise;
  return TIFFGetFieldDefaulted(tiff, tag, &value) ? value : otherwise;
}

using TagNames = std::vector<std::pair<uint16_t, const char*>>;

const TagNames kNumberNames = {{SAMPLEFORMAT_UINT, "whole numbers"},
                               {SAMPLEFORMAT_INT, "numbers with a sign"},
                               {SAMPLEFORMAT_IEEEFP, "floating numbers"},
                               {SAMPLEFORMAT_COMPLEXINT, "complex numbers"},
                               {SAMPLEFORMAT_COMPLEXIEEEFP, "complex numbers"}};
const TagNames kColourNames = {{PHOTOMETRIC_MINISWHITE, "gray"},
                               {PHOTOMETRIC_MINISBLACK, "gray"},
                               {PHOTOMETRIC_RGB, "RGB"},
                               {PHOTOMETRIC_PALETTE, "a palette"},
                               {PHOTOMETRIC_MASK, "a mask"},
                               {PHOTOMETRIC_SEPARATED, "CMYK"},
                               {PHOTOMETRIC_YCBCR, "YCbCr"},
                               {PHOTOMETRIC_CIELAB, "Lab"},
                               {PHOTOMETRIC_ICCLAB, "Lab"},
                               {PHOTOMETRIC_ITULAB, "Lab"},
                               {PHOTOMETRIC_CFA, "a camera's raw data"},
                               {34892, "a camera's raw data"},  // DNG's LinearRaw, which libtiff does not name
                               {PHOTOMETRIC_LOGL, "LogLuv"},
                               {PHOTOMETRIC_LOGLUV, "LogLuv"}};
const TagNames kCompressionNames = {{COMPRESSION_NONE, "not compressed"},
                                    {COMPRESSION_OJPEG, "JPEG of the old kind"},
                                    {COMPRESSION_JPEG, "JPEG"},
                                    {COMPRESSION_LZW, "LZW"},
                                    {COMPRESSION_ADOBE_DEFLATE, "Deflate"},
                                    {COMPRESSION_DEFLATE, "Deflate"},
                                    {COMPRESSION_PACKBITS, "PackBits"}};

// "Lab"; of a value without a name "colours 17".
std::string name_of(const TagNames& names, uint16_t value, const char* what) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return std::string(what) + " " + std::to_string(value);
}

/// The picture's tags, and how its samples become colours.
struct TiffPicture {
  TIFF* tiff;
  TiffFile& file;
  const std::string& where;

  uint32_t width = tag_of<uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0);
  uint32_t height = tag_of<uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
  uint16_t bits = tag_of<uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE, 1);
  uint16_t samples = tag_of<uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  uint16_t sort = tag_of<uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  uint16_t colours = tag_of<uint16_t>(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
  uint16_t compression = tag_of<uint16_t>(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  uint16_t orientation = tag_of<uint16_t>(tiff, TIFFTAG_ORIENTATION, 1);
  bool planes = tag_of<uint16_t>(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  bool premultiplied = false;
  uint32_t used = 1;  // samples that make the colour, its alpha where that is premultiplied
  std::array<std::array<uint8_t, 3>, 256> palette{};

  [[noreturn]] void fail() const {
    throw InputError(where, "damaged or truncated TIFF" + (file.complaint.empty() ? "" : ": " + file.complaint));
  }
  void check(bool supported) const {
    if (supported) return;
    throw InputError(where,
                     "a TIFF of " + std::to_string(samples) + " x " + std::to_string(bits) + " bits, " +
                         name_of(kNumberNames, sort, "sample format") + ", " +
                         name_of(kColourNames, colours, "colours") + ", " +
                         name_of(kCompressionNames, compression, "compression") + " is not supported",
                     "convert it to gray or RGB of 8 or 16 bits");
  }

  Size size() const {
    const Size stored = checked_size(width, height, where);
    return turns_sideways(orientation) ? Size{stored.height, stored.width} : stored;
  }

  // Throws where Pillow would not know the picture, or we not what Pillow does.
  void read_layout() {
    uint16_t extra_count = 0;
    const uint16_t* extra = nullptr;
    if (!TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extra)) extra_count = 0;
    premultiplied = extra_count > 0 && extra[0] == EXTRASAMPLE_ASSOCALPHA;
    check(sort == SAMPLEFORMAT_UINT && compression != COMPRESSION_OJPEG && samples >= 1 && samples <= 6);
    check(bits == 8 || bits == 16 || (samples == 1 && (bits == 1 || bits == 2 || bits == 4)));
    switch (colours) {
      case PHOTOMETRIC_MINISWHITE: check(samples == 1); break;
      case PHOTOMETRIC_MINISBLACK: check(samples == 1 || (samples == 2 && bits == 8 && !premultiplied)); break;
      case PHOTOMETRIC_RGB:
        check(samples >= 3);
        used = premultiplied ? 4 : 3;
        check(samples >= used);
        break;
      case PHOTOMETRIC_PALETTE:
        check(bits <= 8 && samples <= 2);
        read_palette();
        break;
      case PHOTOMETRIC_SEPARATED:
        check(samples >= 4 && !premultiplied);
        used = 4;
        break;
      case PHOTOMETRIC_YCBCR:
        // libjpeg makes RGB of it.
        check(compression == COMPRESSION_JPEG && !planes && samples == 3 && bits == 8);
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        used = 3;
        break;
      default: check(false);
    }
  }

  void read_palette() {
    uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
    check(TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) != 0);
    for (size_t i = 0; i < size_t{1} << bits; ++i) {
      palette[i] = {static_cast<uint8_t>(red[i] >> 8), static_cast<uint8_t>(green[i] >> 8),
                    static_cast<uint8_t>(blue[i] >> 8)};
    }
  }

  // The high byte of a sample; of fewer than 8 bits the sample itself.
  uint8_t sample(const uint8_t* row, size_t index) const {
    if (bits == 8) return row[index];
    if (bits == 16) {
      uint16_t value = 0;
      std::memcpy(&value, row + 2 * index, 2);  // libtiff gives them in this machine's order
      return static_cast<uint8_t>(value >> 8);
    }
    const size_t bit = index * bits;
    return static_cast<uint8_t>(row[bit / 8] >> (8 - bits - bit % 8) & ((1 << bits) - 1));
  }

  void put(const uint8_t* values, uint8_t* out) const {
    switch (colours) {
      case PHOTOMETRIC_MINISWHITE:
      case PHOTOMETRIC_MINISBLACK: {
        const int scaled = bits >= 8 ? values[0] : values[0] * 255 / ((1 << bits) - 1);
        std::fill_n(out, 3, static_cast<uint8_t>(colours == PHOTOMETRIC_MINISWHITE ? 255 - scaled : scaled));
        break;
      }
      case PHOTOMETRIC_PALETTE: std::copy_n(palette[values[0]].data(), 3, out); break;
      case PHOTOMETRIC_SEPARATED: convert_cmyk(values, out, 1, /*inverted=*/false); break;
      default:
        for (int c = 0; c < 3; ++c) {
          const int alpha = premultiplied ? values[3] : 255;
          out[c] = alpha == 0 ? 0 : static_cast<uint8_t>(std::min(255, values[c] * 255 / alpha));
        }
    }
  }

  // Pixels of one strip or tile: `across` x `down` of them at (left, top), of which those in the picture count.
  // `parts`: one buffer, or one a sample.
  void put_block(const std::vector<std::vector<uint8_t>>& parts, size_t row_bytes, uint32_t left, uint32_t top,
                 uint32_t across, uint32_t down, Image& image) const {
    for (uint32_t y = 0; y < std::min(down, height - top); ++y) {
      uint8_t* out = image.row(static_cast<int>(top + y)) + 3 * size_t{left};
      for (uint32_t x = 0; x < std::min(across, width - left); ++x, out += 3) {
        uint8_t values[4] = {};
        for (uint32_t s = 0; s < used; ++s) {
          const uint8_t* row = parts[planes ? s : 0].data() + row_bytes * y;
          values[s] = planes ? sample(row, x) : sample(row, size_t{x} * samples + s);
        }
        put(values, out);
      }
    }
  }

  void read_pixels(Image& image) {
    const bool tiled = TIFFIsTiled(tiff) != 0;
    const auto across = tiled ? tag_of<uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0) : width;
    const auto down = tiled ? tag_of<uint32_t>(tiff, TIFFTAG_TILELENGTH, 0)
                            : std::min(height, tag_of<uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP, height));
    if (across == 0 || down == 0) fail();
    checked_size(across, down, where);
    const uint64_t row_bytes = (uint64_t{across} * bits * (planes ? 1 : samples) + 7) / 8,
                   block_bytes = row_bytes * down;
    const uint64_t least = tiled ? TIFFTileSize64(tiff) : TIFFVStripSize64(tiff, down);
    if (block_bytes > least) fail();  // what libtiff will write is not what we shall read
    check(block_bytes <= uint64_t{1} << 30);
    image.resize(static_cast<int>(width), static_cast<int>(height));
    std::vector<std::vector<uint8_t>> parts(planes ? used : 1, std::vector<uint8_t>(block_bytes));
    for (uint32_t top = 0; top < height; top += down) {
      const uint64_t rows = std::min(down, height - top);
      for (uint32_t left = 0; left < width; left += across) {
        for (size_t s = 0; s < parts.size(); ++s) {
          const auto plane = static_cast<uint16_t>(s);
          const auto bytes = static_cast<tmsize_t>(block_bytes);
          const tmsize_t got =
              tiled ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, left, top, 0, plane), parts[s].data(), bytes)
                    : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, top, plane), parts[s].data(), bytes);
          if (got < static_cast<tmsize_t>(tiled ? block_bytes : row_bytes * rows)) fail();
        }
        put_block(parts, row_bytes, left, top, across, down, image);
      }
    }
  }
};

// Leaves the first picture. Files of microscopes and cameras have smaller copies and masks beside it, a few of them.
bool has_another_page(TIFF* tiff) {
  constexpr int kMostCopies = 32;
  for (int i = 0; i < kMostCopies && TIFFReadDirectory(tiff); ++i) {
    const auto sort = tag_of<uint32_t>(tiff, TIFFTAG_SUBFILETYPE, 0);
    if ((sort & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) == 0) return true;
  }
  return false;
}

}  // namespace

Size decode_tiff(std::string_view bytes, const std::string& where, Image* image) {
  TiffFile file{bytes, 0, ""};
  const TiffHandle tiff = open_tiff(file, where);
  TiffPicture picture{tiff.get(), file, where};
  const Size size = picture.size();
  if (!image) return size;
  picture.read_layout();
  picture.read_pixels(*image);
  // As Pillow has it: of a TIFF the orientation is part of the picture.
  turn_upright(*image, picture.orientation);
  return size;
}

TiffLayout read_tiff_layout(std::string_view bytes, const std::string& where) {
  TiffFile file{bytes, 0, ""};
  const TiffHandle tiff = open_tiff(file, where);
  const TiffPicture picture{tiff.get(), file, where};
  return {picture.bits, picture.colours == PHOTOMETRIC_SEPARATED, has_another_page(tiff.get())};
}

}  // namespace directclr::image
