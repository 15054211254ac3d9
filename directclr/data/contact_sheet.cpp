#include "directclr/data/contact_sheet.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "directclr/core/error.h"
#include "directclr/data/views.h"

namespace directclr::data {
namespace {

constexpr int kSmallestTile = 56;
constexpr int kGap = 2;         // pixels between the tiles of one sample
constexpr int kSampleGap = 12;  // pixels between samples

void paste(const image::Planes& tile, int scale, int left, int top, image::Image& sheet) {
  for (int y = 0; y < tile.height * scale; ++y) {
    for (int x = 0; x < tile.width * scale; ++x) {
      const ptrdiff_t from = static_cast<ptrdiff_t>(y / scale) * tile.width + x / scale;
      for (int c = 0; c < 3; ++c) sheet.row(top + y)[3 * (left + x) + c] = tile.plane(c)[from];
    }
  }
}

// A red cross over a pale square: here an image cannot be decoded. A sheet is for looking, and that must not stop it.
void cross_out(int side, int left, int top, image::Image& sheet) {
  const int width = std::max(2, side / 14);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const bool on_cross = std::abs(x - y) < width || std::abs(x + y - (side - 1)) < width;
      uint8_t* const pixel = sheet.row(top + y) + 3 * (left + x);
      pixel[0] = on_cross ? 200 : 235;
      pixel[1] = pixel[2] = on_cross ? 0 : 235;
    }
  }
}

}  // namespace

image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed, int rows, int columns,
                           const NoticeSink& notice) {
  const auto count = static_cast<uint64_t>(rows) * static_cast<uint64_t>(columns);
  std::vector<uint64_t> places;
  for (uint64_t i = 0; i < count; ++i) places.push_back(i * source.size() / count);
  return contact_sheet(source, settings, seed, places, columns, notice);
}

image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed,
                           const std::vector<uint64_t>& places, int columns, const NoticeSink& notice) {
  const int rows = (static_cast<int>(places.size()) + columns - 1) / columns;
  const int side = static_cast<int>(settings.image_size);
  const int scale = std::max(1, (kSmallestTile + side - 1) / side);
  const int tile = side * scale;
  // Local views stand in columns after the others, as many in each as its height takes, but for the gaps.
  const int small = static_cast<int>(settings.local_size) * scale, local_views = static_cast<int>(settings.local_views);
  const int in_column = std::max(1, tile / small);
  const int small_columns = (local_views + in_column - 1) / in_column;
  const int sample_width = 3 * tile + 2 * kGap + small_columns * (small + kGap);
  const int sample_height = local_views > 0 ? std::max(tile, in_column * (small + kGap) - kGap) : tile;
  image::Image sheet(columns * (sample_width + kSampleGap) - kSampleGap,
                     rows * (sample_height + kSampleGap) - kSampleGap);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), uint8_t{255});
  image::Image image;
  image::Planes planes;
  size_t broken = 0;
  std::vector<std::string> lines;  // of an image that cannot be decoded
  for (uint64_t i = 0; i < places.size(); ++i) {
    const uint64_t index = places[i];
    const int left = static_cast<int>(i % static_cast<uint64_t>(columns)) * (sample_width + kSampleGap);
    const int top = static_cast<int>(i / static_cast<uint64_t>(columns)) * (sample_height + kSampleGap);
    try {
      source.load(index, image);
    } catch (const InputError& error) {
      if (++broken == places.size()) throw;
      // The sheet may show an image twice.
      if (std::find(places.begin(), places.begin() + static_cast<ptrdiff_t>(i), index) ==
          places.begin() + static_cast<ptrdiff_t>(i)) {
        lines.push_back(std::string("crossed out: ") + error.what());
      }
      cross_out(tile, left, top, sheet);
      continue;
    }
    render_eval_view(image, settings, planes);
    paste(planes, scale, left, top, sheet);
    for (int view = 0; view < settings.views(); ++view) {
      const ViewParams params =
          sample_view(settings, seed, 0, index, static_cast<uint8_t>(view), image.width, image.height);
      render_view(image, params, settings, planes);
      const int place = view - 2;  // among the local ones
      const int x = view < 2 ? (view + 1) * (tile + kGap) : 3 * (tile + kGap) + place / in_column * (small + kGap);
      paste(planes, scale, left + x, view < 2 ? top : top + place % in_column * (small + kGap), sheet);
    }
  }
  for (const auto& line : lines) notice(line);
  return sheet;
}

}  // namespace directclr::data
