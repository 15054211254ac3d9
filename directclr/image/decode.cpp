#include "directclr/image/decode.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>
#include <spng.h>

#include "directclr/core/error.h"
#include "directclr/image/jpeg_baseline.h"

namespace directclr::image {
namespace {

// A picture larger than this is refused before any memory is taken for it (a hostile header costs a few bytes).
constexpr uint64_t kMaxPixels = 1ULL << 28;

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  bool truncated;
};

void on_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  errors->base.format_message(info, errors->message);
  std::longjmp(errors->escape, 1);
}

void on_message(j_common_ptr info, int level) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  if (level < 0 && errors->base.msg_code == JWRN_JPEG_EOF) errors->truncated = true;
}

void convert_gray(const uint8_t* in, uint8_t* out, int width) {
  for (int x = 0; x < width; ++x) out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = in[x];
}

// Pillow's CMYK -> RGB; Adobe files store the inks inverted.
void convert_cmyk(const uint8_t* in, uint8_t* out, int width, bool inverted) {
  for (int x = 0; x < width; ++x) {
    const int flip = inverted ? 255 : 0;
    const int white = 255 - (in[4 * x + 3] ^ flip);
    for (int c = 0; c < 3; ++c) {
      const int ink = in[4 * x + c] ^ flip;
      const int t = ink * white + 128;
      const int value = white - (((t >> 8) + t) >> 8);
      out[3 * x + c] = static_cast<uint8_t>(value < 0 ? 0 : value);
    }
  }
}

struct JpegResult {
  bool ok;
  Size size;
};

// The rows and columns to decode so that those of `part` come out as in a full decode. Smooth upsampling of chroma
// takes the edge of what is decoded for the edge of the picture: one more column on each side keeps that away. The left
// side then moves to the edge of a block. Returns what will be decoded.
Box crop_to(jpeg_decompress_struct& info, const Box& part) {
  const int left = part.left > 0 ? part.left - 1 : 0;
  const int right = std::min(part.left + part.width + 1, static_cast<int>(info.output_width));
  auto first = static_cast<JDIMENSION>(left);
  auto width = static_cast<JDIMENSION>(right - left);
  jpeg_crop_scanline(&info, &first, &width);
  // Skipping from the first row, once, is exact; the library reads ahead where upsampling needs it.
  if (part.top > 0) jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(part.top));
  return {static_cast<int>(first), part.top, static_cast<int>(width), part.height};
}

// Decodes `part` of the picture, or all of it (null), into `image`, and says in `box` what that holds.
// No object with a destructor may live here: libjpeg leaves by longjmp.
JpegResult run_jpeg(jpeg_decompress_struct& info, JpegErrors& errors, std::string_view bytes, const Box* part,
                    Image* image, Box* box, std::vector<uint8_t>* line) {
  if (setjmp(errors.escape)) return {false, {}};
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  const Size size{static_cast<int>(info.image_width), static_cast<int>(info.image_height)};
  if (uint64_t{info.image_width} * info.image_height > kMaxPixels) {
    std::snprintf(errors.message, sizeof errors.message, "larger than 2^28 pixels");
    return {false, {}};
  }
  if (!image) return {true, size};
  const bool gray = info.jpeg_color_space == JCS_GRAYSCALE;
  const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = gray ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
  // A progressive file is read to its end before the first row comes out.
  const bool partial = part && !jpeg_has_multiple_scans(&info);
  jpeg_start_decompress(&info);
  *box = partial ? crop_to(info, *part) : Box{0, 0, size.width, size.height};
  image->resize(box->width, box->height);
  if (gray || cmyk) line->resize(static_cast<size_t>(box->width) * (cmyk ? 4 : 1));
  for (int y = 0; y < box->height; ++y) {
    uint8_t* out = image->row(y);
    JSAMPROW target = gray || cmyk ? line->data() : out;
    jpeg_read_scanlines(&info, &target, 1);
    if (gray) convert_gray(line->data(), out, box->width);
    if (cmyk) convert_cmyk(line->data(), out, box->width, info.saw_Adobe_marker);
  }
  if (partial) {
    jpeg_abort_decompress(&info);  // the rows below cost nothing
  } else {
    jpeg_finish_decompress(&info);
  }
  return {true, size};
}

Size decode_jpeg(std::string_view bytes, const std::string& where, const Box* part, Image* image, Box* box) {
  jpeg_decompress_struct info{};
  JpegErrors errors{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  thread_local std::vector<uint8_t> line;
  const JpegResult result = run_jpeg(info, errors, bytes, part, image, box, &line);
  jpeg_destroy_decompress(&info);
  if (!result.ok) throw InputError(where, std::string("damaged JPEG: ") + errors.message);
  if (errors.truncated) throw InputError(where, "truncated JPEG");
  return result.size;
}

Size decode_png(std::string_view bytes, const std::string& where, Image* image) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), spng_ctx_free);
  const auto check = [&](int code) {
    if (code != 0) throw InputError(where, std::string("damaged PNG: ") + spng_strerror(code));
  };
  check(spng_set_image_limits(context.get(), 1 << 20, 1 << 20));
  check(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()));
  spng_ihdr header{};
  check(spng_get_ihdr(context.get(), &header));
  if (uint64_t{header.width} * header.height > kMaxPixels) throw InputError(where, "larger than 2^28 pixels");
  const Size size{static_cast<int>(header.width), static_cast<int>(header.height)};
  if (!image) return size;
  image->resize(size.width, size.height);
  check(spng_decode_image(context.get(), image->pixels.data(), image->pixels.size(), SPNG_FMT_RGB8, 0));
  return size;
}

// "P6 WIDTH HEIGHT 255" with any white space between and one after, then the pixels.
Size decode_ppm(std::string_view bytes, const std::string& where, Image* image) {
  size_t at = 2;
  uint64_t numbers[3] = {};
  for (uint64_t& number : numbers) {
    while (at < bytes.size() && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) ++at;
    const size_t begin = at;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && number < kMaxPixels; ++at) {
      number = 10 * number + static_cast<uint64_t>(bytes[at] - '0');
    }
    if (at == begin) throw InputError(where, "damaged PPM: its head is no width, height and 255");
  }
  if (numbers[2] != 255 || numbers[0] == 0 || numbers[1] == 0) {
    throw InputError(where, "damaged PPM: its head is no width, height and 255");
  }
  if (numbers[0] * numbers[1] > kMaxPixels) throw InputError(where, "larger than 2^28 pixels");
  const Size size{static_cast<int>(numbers[0]), static_cast<int>(numbers[1])};
  if (!image) return size;
  const size_t count = 3 * numbers[0] * numbers[1];
  if (bytes.size() < at + 1 + count) throw InputError(where, "truncated PPM");
  image->resize(size.width, size.height);
  std::memcpy(image->pixels.data(), bytes.data() + at + 1, count);
  return size;
}

// The common kind of JPEG, by our own decoder; false where it is another or damaged: libjpeg then reads it, or says
// what is wrong. `choose` is asked for the part once.
bool decode_baseline(std::string_view bytes, const std::function<Box(Size)>& choose, Region& region) {
  const std::optional<JpegHeader> header = read_baseline_header(bytes);
  if (!header || uint64_t{static_cast<uint32_t>(header->width)} * static_cast<uint32_t>(header->height) > kMaxPixels) {
    return false;
  }
  thread_local BaselineJpeg decoder;
  region.whole = {header->width, header->height};
  region.box = choose(region.whole);
  return decoder.decode(bytes, *header, region.box, region.image);
}

bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xFF\xD8"); }

Size decode_any(std::string_view bytes, const std::string& where, Image* image) {
  Box box;
  if (bytes.empty()) throw InputError(where, "the file is empty");
  if (is_jpeg(bytes)) return decode_jpeg(bytes, where, nullptr, image, &box);
  if (bytes.starts_with("\x89PNG")) return decode_png(bytes, where, image);
  if (bytes.starts_with("P6")) return decode_ppm(bytes, where, image);
  throw InputError(where, "neither JPEG nor PNG", "other formats must be converted first");
}

}  // namespace

Image decode(std::string_view bytes, const std::string& where) {
  Region region;
  const auto everything = [](Size size) { return Box{0, 0, size.width, size.height}; };
  if (!decode_baseline(bytes, everything, region)) decode_any(bytes, where, &region.image);
  return std::move(region.image);
}

Size read_size(std::string_view bytes, const std::string& where) { return decode_any(bytes, where, nullptr); }

void decode_region(std::string_view bytes, const std::string& where, const std::function<Box(Size)>& choose,
                   Region& region) {
  constexpr size_t kSmall = 8192;  // bytes: reading the header twice costs more than it saves
  if (decode_baseline(bytes, choose, region)) return;
  if (is_jpeg(bytes) && bytes.size() > kSmall) {
    const Box part = choose(read_size(bytes, where));
    region.whole = decode_jpeg(bytes, where, &part, &region.image, &region.box);
    return;
  }
  region.whole = decode_any(bytes, where, &region.image);
  region.box = {0, 0, region.whole.width, region.whole.height};
}

}  // namespace directclr::image
