// The first frame of a GIF on its canvas, as Pillow shows it.

#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

int read_gif_bytes(GifFileType* file, GifByteType* out, int count) {
  auto& rest = *static_cast<std::string_view*>(file->UserData);
  const size_t taken = std::min(rest.size(), static_cast<size_t>(count));
  std::memcpy(out, rest.data(), taken);
  rest.remove_prefix(taken);
  return static_cast<int>(taken);
}

void close_gif(GifFileType* file) { DGifCloseFile(file, nullptr); }

// The rows of an interlaced frame in the order in which they come.
std::vector<int> order_of_rows(int height, bool interlaced) {
  std::vector<int> rows;
  if (!interlaced) {
    for (int y = 0; y < height; ++y) rows.push_back(y);
    return rows;
  }
  for (const auto& [first, step] : {std::pair(0, 8), {4, 8}, {2, 4}, {1, 2}}) {
    for (int y = first; y < height; y += step) rows.push_back(y);
  }
  return rows;
}

using GifHandle = std::unique_ptr<GifFileType, void (*)(GifFileType*)>;

// `rest` is what has not been read yet.
GifHandle open_gif(std::string_view& rest, int& code) { return {DGifOpen(&rest, read_gif_bytes, &code), close_gif}; }

}  // namespace

bool is_animated_gif(std::string_view bytes) {
  int code = 0, frames = 0;
  const GifHandle file = open_gif(bytes, code);
  GifRecordType type = UNDEFINED_RECORD_TYPE;
  while (file && DGifGetRecordType(file.get(), &type) != GIF_ERROR && type != TERMINATE_RECORD_TYPE) {
    GifByteType* block = nullptr;
    if (type == IMAGE_DESC_RECORD_TYPE) {
      if (++frames > 1) return true;
      if (DGifGetImageDesc(file.get()) == GIF_ERROR || DGifGetCode(file.get(), &code, &block) == GIF_ERROR) break;
      while (block && DGifGetCodeNext(file.get(), &block) != GIF_ERROR) continue;
    } else if (type == EXTENSION_RECORD_TYPE) {
      if (DGifGetExtension(file.get(), &code, &block) == GIF_ERROR) break;
      while (block && DGifGetExtensionNext(file.get(), &block) != GIF_ERROR) continue;
    }
  }
  return false;
}

Size decode_gif(std::string_view bytes, const std::string& where, Image* image) {
  std::string_view rest = bytes;
  int code = 0;
  const GifHandle file = open_gif(rest, code);
  const auto fail = [&](int error) {
    const char* text = GifErrorString(error);
    throw InputError(where,
                     rest.empty() ? "truncated GIF" : std::string("damaged GIF: ") + (text ? text : "unreadable"));
  };
  if (!file) fail(code);
  const auto check = [&](int result) {
    if (result == GIF_ERROR) fail(file->Error);
  };
  int transparent = -1;
  for (GifRecordType type = UNDEFINED_RECORD_TYPE; type != IMAGE_DESC_RECORD_TYPE;) {
    check(DGifGetRecordType(file.get(), &type));
    if (type == TERMINATE_RECORD_TYPE) throw InputError(where, "damaged GIF: it holds no picture");
    if (type != EXTENSION_RECORD_TYPE) continue;
    GifByteType* block = nullptr;
    check(DGifGetExtension(file.get(), &code, &block));
    // Length, flags, delay (2), transparent colour.
    if (code == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4 && (block[1] & 1)) transparent = block[4];
    while (block) check(DGifGetExtensionNext(file.get(), &block));
  }
  check(DGifGetImageDesc(file.get()));
  const GifImageDesc& frame = file->Image;
  const Size size = checked_size(static_cast<uint64_t>(std::max(file->SWidth, frame.Left + frame.Width)),
                                 static_cast<uint64_t>(std::max(file->SHeight, frame.Top + frame.Height)), where);
  if (!image) return size;
  checked_size(static_cast<uint64_t>(frame.Width), static_cast<uint64_t>(frame.Height), where);

  const ColorMapObject* map = frame.ColorMap ? frame.ColorMap : file->SColorMap;
  uint8_t colours[256][3];
  for (int i = 0; i < 256; ++i) {
    const bool there = map && i < map->ColorCount;
    const auto ramp = static_cast<uint8_t>(i);
    colours[i][0] = there ? map->Colors[i].Red : ramp;
    colours[i][1] = there ? map->Colors[i].Green : ramp;
    colours[i][2] = there ? map->Colors[i].Blue : ramp;
  }
  image->resize(size.width, size.height);
  // Around a frame that is smaller than the canvas.
  const uint8_t* ground = colours[std::max(transparent, 0)];
  for (size_t i = 0; i < image->pixels.size(); ++i) image->pixels[i] = ground[i % 3];
  std::vector<GifPixelType> line(static_cast<size_t>(frame.Width));
  for (const int y : order_of_rows(frame.Height, frame.Interlace)) {
    check(DGifGetLine(file.get(), line.data(), frame.Width));
    uint8_t* out = image->row(frame.Top + y) + 3 * frame.Left;
    for (size_t x = 0; x < line.size(); ++x) std::copy_n(colours[line[x]], 3, out + 3 * x);
  }
  return size;
}

}  // namespace directclr::image
