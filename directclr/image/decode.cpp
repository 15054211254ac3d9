#include "directclr/image/decode.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>
#include <spng.h>

#include "directclr/core/error.h"

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

// No object with a destructor may live here: libjpeg leaves by longjmp.
JpegResult run_jpeg(jpeg_decompress_struct& info, JpegErrors& errors, std::string_view bytes, Image* image,
                    std::vector<uint8_t>* line) {
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
  jpeg_start_decompress(&info);
  *image = Image(size.width, size.height);
  if (gray || cmyk) line->resize(static_cast<size_t>(size.width) * (cmyk ? 4 : 1));
  while (info.output_scanline < info.output_height) {
    uint8_t* out = image->row(static_cast<int>(info.output_scanline));
    JSAMPROW target = gray || cmyk ? line->data() : out;
    jpeg_read_scanlines(&info, &target, 1);
    if (gray) convert_gray(line->data(), out, size.width);
    if (cmyk) convert_cmyk(line->data(), out, size.width, info.saw_Adobe_marker);
  }
  jpeg_finish_decompress(&info);
  return {true, size};
}

Size decode_jpeg(std::string_view bytes, const std::string& where, Image* image) {
  jpeg_decompress_struct info{};
  JpegErrors errors{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  std::vector<uint8_t> line;
  const JpegResult result = run_jpeg(info, errors, bytes, image, &line);
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
  *image = Image(size.width, size.height);
  check(spng_decode_image(context.get(), image->pixels.data(), image->pixels.size(), SPNG_FMT_RGB8, 0));
  return size;
}

Size decode_any(std::string_view bytes, const std::string& where, Image* image) {
  if (bytes.empty()) throw InputError(where, "the file is empty");
  if (bytes.starts_with("\xFF\xD8")) return decode_jpeg(bytes, where, image);
  if (bytes.starts_with("\x89PNG")) return decode_png(bytes, where, image);
  throw InputError(where, "neither JPEG nor PNG", "other formats must be converted first");
}

}  // namespace

Image decode(std::string_view bytes, const std::string& where) {
  Image image;
  decode_any(bytes, where, &image);
  return image;
}

Size read_size(std::string_view bytes, const std::string& where) { return decode_any(bytes, where, nullptr); }

}  // namespace directclr::image
