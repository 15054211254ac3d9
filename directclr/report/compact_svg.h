#pragma once

#include <string>

namespace directclr::report {

/// A picture that gnuplot drew, the same to the eye in fewer bytes: lines of only the points that are seen, within
/// 0.3 px; cells and marks of one colour as one path. What it does not know stays as it is.
std::string compact_svg(const std::string& svg);

}  // namespace directclr::report
