#include "directclr/image/formats.h"

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

using std::string_view_literals::operator""sv;

bool begins_bmp(std::string_view bytes) {
  if (!bytes.starts_with("BM") || bytes.size() < 18) return false;
  const std::string_view header = bytes.substr(14, 4);  // the size of the header that follows
  return header.substr(1) == "\0\0\0"sv && "\x0C\x28\x34\x38\x40\x6C\x7C"sv.find(header[0]) != std::string_view::npos;
}

bool begins_tiff(std::string_view bytes) {
  return bytes.starts_with("II*\0"sv) || bytes.starts_with("MM\0*"sv) || bytes.starts_with("II+\0"sv) ||
         bytes.starts_with("MM\0+"sv);
}

bool begins_pnm(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         " \t\r\n\v\f#"sv.find(bytes[2]) != std::string_view::npos;
}

// The box "ftyp" of ISO files, with one of these brands.
bool has_brand(std::string_view bytes, std::initializer_list<std::string_view> brands) {
  if (bytes.size() < 12 || bytes.substr(4, 4) != "ftyp") return false;
  return std::any_of(brands.begin(), brands.end(), [&](auto brand) { return bytes.substr(8, brand.size()) == brand; });
}

}  // namespace

const Table<Format>& formats() {
  static const Table<Format> all(
      "picture",
      {
          {"JPEG", {"jpg", "jpeg", "jpe", "jfif"}, [](auto b) { return b.starts_with("\xFF\xD8"sv); }, decode_jpeg},
          {"PNG", {"png", "apng"}, [](auto b) { return b.starts_with("\x89PNG"sv); }, decode_png},
          {"WebP",
           {"webp"},
           [](auto b) { return b.starts_with("RIFF"sv) && b.size() >= 12 && b.substr(8, 4) == "WEBP"sv; },
           decode_webp},
          {"PNM", {"ppm", "pgm", "pbm", "pnm"}, begins_pnm, decode_pnm},
          {"BMP", {"bmp", "dib"}, begins_bmp, decode_bmp},
          {"TIFF", {"tif", "tiff"}, begins_tiff, decode_tiff},
          {"GIF", {"gif"}, [](auto b) { return b.starts_with("GIF87a"sv) || b.starts_with("GIF89a"sv); }, decode_gif},
          {"HEIF",
           {"heic", "heif"},
           [](auto b) {
             return has_brand(b, {"hei", "hev", "mif1", "msf1"});
           }},
          {"AVIF",
           {"avif"},
           [](auto b) {
             return has_brand(b, {"avif", "avis"});
           }},
          {"JPEG 2000",
           {"jp2", "j2k", "jpx", "jpf"},
           [](auto b) { return b.starts_with("\0\0\0\x0CjP  "sv) || b.starts_with("\xFF\x4F\xFF\x51"sv); }},
          {"JPEG XL", {"jxl"}, [](auto b) { return b.starts_with("\xFF\x0A"sv) || b.starts_with("\0\0\0\x0CJXL "sv); }},
          {"Photoshop", {"psd", "psb"}, [](auto b) { return b.starts_with("8BPS"sv); }},
          {"SVG", {"svg"}, [](auto b) { return b.starts_with("<svg"sv); }},
      });
  return all;
}

const Format* format_of(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 32);
  for (const auto& format : formats()) {
    if (format.begins(head)) return &format;
  }
  return nullptr;
}

const Format* format_of_name(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  const std::string suffix = lower(name.substr(dot + 1));
  for (const auto& format : formats()) {
    if (std::find(format.suffixes.begin(), format.suffixes.end(), suffix) != format.suffixes.end()) return &format;
  }
  return nullptr;
}

bool has_picture_name(std::string_view name) {
  const Format* format = format_of_name(name);
  return format && format->decode;
}

}  // namespace directclr::image
