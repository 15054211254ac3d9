#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "directclr/core/error.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

// The first frame on its canvas.
void decode_animation(std::string_view bytes, const std::string& where, Image& image) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(WebPAnimDecoderNew(&data, nullptr),
                                                                             WebPAnimDecoderDelete);
  uint8_t* frame = nullptr;  // RGBA
  int time = 0;
  if (!decoder || !WebPAnimDecoderGetNext(decoder.get(), &frame, &time)) {
    throw InputError(where, "damaged or truncated WebP");
  }
  const size_t count = image.pixels.size() / 3;
  for (size_t i = 0; i < count; ++i) std::copy_n(frame + 4 * i, 3, image.pixels.data() + 3 * i);
}

}  // namespace

Size decode_webp(std::string_view bytes, const std::string& where, Image* image) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    throw InputError(where, "damaged or truncated WebP");
  }
  const Size size = checked_size(static_cast<uint64_t>(features.width), static_cast<uint64_t>(features.height), where);
  if (!image) return size;
  image->resize(size.width, size.height);
  if (features.has_animation) {
    decode_animation(bytes, where, *image);
  } else if (!WebPDecodeRGBInto(data, bytes.size(), image->pixels.data(), image->pixels.size(), 3 * size.width)) {
    throw InputError(where, "damaged or truncated WebP");
  }
  return size;
}

}  // namespace directclr::image
