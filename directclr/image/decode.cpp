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
#include "directclr/core/text.h"
#include "directclr/image/exif.h"
#include "directclr/image/formats.h"
#include "directclr/image/jpeg_baseline.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

// A picture larger than this is refused before any memory is taken for it (a hostile header costs a few bytes).
constexpr uint64_t kMaxPixels = 1ULL << 28;
// The same for what stands beside the pixels of a PNG, such as profiles and texts, packed or not.
constexpr size_t kMaxBeside = 1 << 26;

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

// Where the bytes end, the library waits for more, which never come: as for Pillow, all rows must be there by then.
// (What it does by default, putting an end marker there, tells a picture that lacks its last rows from one that lacks
// the marker alone by a warning only.)
boolean await_bytes(j_decompress_ptr) { return FALSE; }

void skip_bytes(j_decompress_ptr info, long count) {
  const size_t skipped = std::min(static_cast<size_t>(std::max(count, 0L)), info->src->bytes_in_buffer);
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
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
  if (!partial) {  // the library cannot wait while it skips rows
    info.src->fill_input_buffer = await_bytes;
    info.src->skip_input_data = skip_bytes;
  }
  const auto truncated = [&] {
    errors.truncated = true;
    return JpegResult{true, size};
  };
  if (!jpeg_start_decompress(&info)) return truncated();
  *box = partial ? crop_to(info, *part) : Box{0, 0, size.width, size.height};
  image->resize(box->width, box->height);
  if (gray || cmyk) line->resize(static_cast<size_t>(box->width) * (cmyk ? 4 : 1));
  for (int y = 0; y < box->height; ++y) {
    uint8_t* out = image->row(y);
    JSAMPROW target = gray || cmyk ? line->data() : out;
    if (jpeg_read_scanlines(&info, &target, 1) != 1) return truncated();
    if (gray) convert_gray(line->data(), out, box->width);
    // As Adobe stores the inks. Pillow takes files without Adobe's mark for such, too.
    if (cmyk) convert_cmyk(line->data(), out, box->width, /*inverted=*/true);
  }
  if (partial) {
    jpeg_abort_decompress(&info);  // the rows below cost nothing
  } else {
    jpeg_finish_decompress(&info);  // without an end marker this waits, too: the picture is whole all the same
  }
  return {true, size};
}

Size decode_jpeg_part(std::string_view bytes, const std::string& where, const Box* part, Image* image, Box* box) {
  jpeg_decompress_struct info{};
  JpegErrors errors{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  thread_local std::vector<uint8_t> line;
  const JpegResult result = run_jpeg(info, errors, bytes, part, image, box, &line);
  jpeg_destroy_decompress(&info);
  if (!result.ok && errors.base.msg_code == JERR_BAD_PRECISION) {
    throw InputError(where, format("a JPEG of %d bits is not supported", errors.base.msg_parm.i[0]), "of 8 bits it is");
  }
  if (!result.ok) throw InputError(where, std::string("damaged JPEG: ") + errors.message);
  if (errors.truncated && part)
    return decode_jpeg_part(bytes, where, nullptr, image, box);  // its end may lack a marker
  if (errors.truncated) throw InputError(where, "truncated JPEG");
  return result.size;
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

std::vector<std::string> read_formats() {
  std::vector<std::string> names;
  for (const auto& format : formats()) {
    if (format.decode) names.push_back(format.name);
  }
  return names;
}

Size decode_any(std::string_view bytes, const std::string& where, Image* image) {
  if (bytes.empty()) throw InputError(where, "the file is empty");
  const Format* format = format_of(bytes);
  if (!format) throw InputError(where, "no picture", "known are " + join(read_formats()));
  if (!format->decode) {
    throw InputError(where, format->name + " is not supported", "convert it to one of " + join(read_formats()));
  }
  return format->decode(bytes, where, image);
}

int orientation_to_mend(std::string_view bytes, bool upright) { return upright ? exif_orientation(bytes) : 1; }

}  // namespace

Size decode_jpeg(std::string_view bytes, const std::string& where, Image* image) {
  Box box;
  return decode_jpeg_part(bytes, where, nullptr, image, &box);
}

Size decode_png(std::string_view bytes, const std::string& where, Image* image) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), spng_ctx_free);
  const auto check = [&](int code) {
    if (code != 0) throw InputError(where, std::string("damaged PNG: ") + spng_strerror(code));
  };
  check(spng_set_image_limits(context.get(), 1 << 20, 1 << 20));
  check(spng_set_chunk_limits(context.get(), kMaxBeside, kMaxBeside));
  check(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()));
  spng_ihdr header{};
  check(spng_get_ihdr(context.get(), &header));
  const Size size = checked_size(header.width, header.height, where);
  if (!image) return size;
  image->resize(size.width, size.height);
  check(spng_decode_image(context.get(), image->pixels.data(), image->pixels.size(), SPNG_FMT_RGB8, 0));
  return size;
}

Size checked_size(uint64_t width, uint64_t height, const std::string& where) {
  if (width == 0 || height == 0) throw InputError(where, "damaged: a picture without pixels");
  if (width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels) {
    throw InputError(where, "larger than 2^28 pixels");
  }
  return {static_cast<int>(width), static_cast<int>(height)};
}

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

Image decode(std::string_view bytes, const std::string& where, bool upright) {
  Region region;
  const auto everything = [](Size size) { return Box{0, 0, size.width, size.height}; };
  if (!decode_baseline(bytes, everything, region)) decode_any(bytes, where, &region.image);
  turn_upright(region.image, orientation_to_mend(bytes, upright));
  return std::move(region.image);
}

Size read_size(std::string_view bytes, const std::string& where) { return decode_any(bytes, where, nullptr); }

void decode_region(std::string_view bytes, const std::string& where, const std::function<Box(Size)>& choose,
                   Region& region, bool upright) {
  constexpr size_t kSmall = 8192;  // bytes: reading the header twice costs more than it saves
  if (const int orientation = orientation_to_mend(bytes, upright); orientation != 1) {
    region.image = decode(bytes, where, upright);  // turned as a whole
    region.whole = {region.image.width, region.image.height};
    region.box = {0, 0, region.whole.width, region.whole.height};
    return;
  }
  if (decode_baseline(bytes, choose, region)) return;
  if (is_jpeg(bytes) && bytes.size() > kSmall) {
    const Box part = choose(read_size(bytes, where));
    region.whole = decode_jpeg_part(bytes, where, &part, &region.image, &region.box);
    return;
  }
  region.whole = decode_any(bytes, where, &region.image);
  region.box = {0, 0, region.whole.width, region.whole.height};
}

}  // namespace directclr::image
