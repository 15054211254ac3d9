#include "directclr/report/palette.h"

#include <algorithm>
#include <iterator>

#include "directclr/core/text.h"

namespace directclr::report {
namespace {

// Told apart by colour-blind eyes, 3:1 or more against white: four near those of Okabe and Ito, and those farthest from
// them. The page's own are in page/page.css.
const char* const kPalette[] = {"#0072B2", "#D55E00", "#009E73", "#B3568A", "#5200F8", "#39170E", "#9E59FE", "#02144F"};
static_assert(std::size(kPalette) == kPaletteSize);

// What a name must hold, most special first.
struct KnownMethod {
  const char* part;
  size_t color;
};
constexpr KnownMethod kKnownMethods[] = {{"directclr", 2},    {"direct", 2},     {"mlp", 3},      {"low-rank", 6},
                                         {"lowrank", 6},      {"orthogonal", 4}, {"diagonal", 5}, {"dropout", 7},
                                         {"no projector", 0}, {"none", 0},       {"linear", 1}};

constexpr size_t kNoColor = kPaletteSize;

size_t known_color(const std::string& name) {
  const std::string text = lower(name);
  for (const auto& method : kKnownMethods) {
    if (text.find(method.part) != std::string::npos) return method.color;
  }
  return kNoColor;
}

}  // namespace

std::vector<size_t> series_colors(const std::vector<std::string>& names) {
  std::vector<size_t> colors(names.size(), kNoColor);
  std::vector<size_t> used(kPaletteSize, 0);
  for (size_t i = 0; i < names.size(); ++i) {
    const size_t color = known_color(names[i]);
    if (color == kNoColor || used[color] > 0) continue;
    colors[i] = color;
    ++used[color];
  }
  for (size_t& color : colors) {
    if (color != kNoColor) continue;
    color = static_cast<size_t>(std::min_element(used.begin(), used.end()) - used.begin());
    ++used[color];
  }
  return colors;
}

const char* palette_color(size_t color) { return kPalette[color % kPaletteSize]; }

}  // namespace directclr::report
