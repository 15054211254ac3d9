#include "directclr/data/contact_sheet.h"

#include <algorithm>

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

// The image, or the next one that can be decoded: a sheet is for looking, and a broken file must not stop it.
void load_good(const Source& source, uint64_t index, image::Image& image) {
  for (uint64_t step = 0;; ++step) {
    try {
      source.load((index + step) % source.size(), image);
      return;
    } catch (const InputError&) {
      if (step + 1 == source.size()) throw;
    }
  }
}

}  // namespace

image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed, int rows,
                           int columns) {
  const auto count = static_cast<uint64_t>(rows) * static_cast<uint64_t>(columns);
  std::vector<uint64_t> places;
  for (uint64_t i = 0; i < count; ++i) places.push_back(i * source.size() / count);
  return contact_sheet(source, settings, seed, places, columns);
}

image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed,
                           const std::vector<uint64_t>& places, int columns) {
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
  for (uint64_t i = 0; i < places.size(); ++i) {
    const uint64_t index = places[i];
    load_good(source, index, image);
    const int left = static_cast<int>(i % static_cast<uint64_t>(columns)) * (sample_width + kSampleGap);
    const int top = static_cast<int>(i / static_cast<uint64_t>(columns)) * (sample_height + kSampleGap);
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
  return sheet;
}

}  // namespace directclr::data
