#include "directclr/image/encode.h"

#include <spng.h>

#include <cstdlib>
#include <memory>

#include "directclr/core/error.h"

namespace directclr::image {

std::string encode_png(const Image& image) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(image.width);
  header.height = static_cast<uint32_t>(image.height);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  spng_set_ihdr(context.get(), &header);
  int code =
      spng_encode_image(context.get(), image.pixels.data(), image.pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  size_t size = 0;
  const std::unique_ptr<void, void (*)(void*)> buffer(
      code == 0 ? spng_get_png_buffer(context.get(), &size, &code) : nullptr, std::free);
  if (code != 0) throw Error(std::string("cannot encode a PNG: ") + spng_strerror(code));
  return {static_cast<const char*>(buffer.get()), size};
}

}  // namespace directclr::image
