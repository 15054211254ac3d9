#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace directclr::report {

/// So many colours a figure has; more curves use them again.
inline constexpr size_t kPaletteSize = 8;

/// The colour of each series, as a number below kPaletteSize. A method that the program knows by name (projectors, as
/// variants, labels and directories call them: "direct", "DirectCLR (d0 = 90)") has the same colour on every page;
/// others get those that are free, in order.
std::vector<size_t> series_colors(const std::vector<std::string>& names);

/// That colour as "#0072B2", for files beside the page. On the page it is a variable of the style (page/page.css),
/// which is another on dark ground.
const char* palette_color(size_t color);

}  // namespace directclr::report
