#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace directclr::report {

/// One curve.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
};

/// A line plot. Drawn by gnuplot from a script and a csv that stay beside the svg, so that anybody can restyle it.
struct Figure {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_y = false;
  std::vector<Series> series;
};

/// Curves by name with their values in order: covariance spectra over the rank index, logarithmic (as the paper's
/// Figures 2, 7b and 9). Values that are zero or lost in rounding (below 1e-20 of the largest) are drawn there.
Figure spectrum_figure(const std::string& title,
                       const std::vector<std::pair<std::string, std::vector<double>>>& spectra);

/// Writes DIRECTORY/NAME.csv, .gp and .svg and returns the svg. Throws Error when gnuplot is missing or fails.
std::string write_figure(const Figure& figure, const std::filesystem::path& directory, const std::string& name);

/// The svg made fit to stand inside a page: no XML prologue, ids made unique by `prefix`, black drawn in the page's
/// text colour so that dark mode works.
std::string inline_svg(const std::string& svg, const std::string& prefix);

}  // namespace directclr::report
