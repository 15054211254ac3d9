#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/report/axis_scale.h"

namespace directclr::report {

/// One curve, with an optional band around it. Values that are not finite leave a gap.
struct Series {
  std::string name;  ///< empty: not in the key
  std::vector<double> x;
  std::vector<double> y = {};
  std::vector<double> low = {};   ///< lower edge of the band, as long as y; empty: no band
  std::vector<double> high = {};  ///< upper edge
  bool dashed = false;            ///< a prediction beside measurements
  bool dotted = false;            ///< a limit of what was measured
  size_t color_of = SIZE_MAX;     ///< the series whose colour it has; SIZE_MAX: its own
  bool points = false;            ///< marks without a line, on places of another curve
  size_t color = SIZE_MAX;        ///< a number of the palette; SIZE_MAX: the one that its name has in this figure
};

/// A line plot. Drawn by gnuplot from a script and a csv that stay beside the svg, so that anybody can restyle it.
struct Figure {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_y = false;  ///< logarithmic whatever the values are; else they decide (scale_of)
  std::vector<Series> series = {};
  /// Many curves of one family (singular value 1, 2, ...): colours run along a scale and the names are left out.
  bool family = false;
  /// Lines that go into the csv as comments: protocol, findings.
  std::vector<std::string> notes = {};
  bool whole_x = false;    ///< places along x are whole numbers: so are the ticks
  std::string layer = "";  ///< whose spectra it shows: "representation", "embedding"; empty: something else
};

/// How the vertical axis is divided.
AxisScale y_scale(const Figure& figure);

/// The colour of each series, as a number of the palette (report/palette.h).
std::vector<size_t> colors_of(const Figure& figure);

/// How many series before it have the same colour as one of its own, where more are drawn than there are colours: the
/// dashes that tell them apart go by it. 0 of limits and members of a family.
std::vector<size_t> turns_of(const Figure& figure);
inline constexpr size_t kTurns = 4;  ///< so many dashes there are, the first a full line; more series use them again

/// A grid of coloured cells, drawn by gnuplot like a Figure.
struct HeatMap {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::string value_label;
  std::vector<std::string> columns = {};  ///< names along x
  std::vector<std::string> rows = {};     ///< names along y, the first at the top
  std::vector<double> values = {};        ///< row by row; what is not finite stays empty, or has a cross
  std::string crossed = "";               ///< what a cross says, beside the x axis's label; empty: no crosses
  double low = 0;                         ///< ends of the colour scale; equal: fitted to the values
  double high = 0;
  std::vector<std::string> notes = {};
};

/// A heat map of a matrix (values row by row), rows and columns numbered from 0; every eighth number is written.
HeatMap matrix_map(const std::string& title, const std::string& x_label, const std::string& y_label, size_t columns,
                   std::vector<double> values);

/// A covariance spectrum to be drawn.
struct SpectrumCurve {
  std::string name;
  std::vector<double> values;  ///< descending
  double floor = 0;            ///< what rounding alone makes lies below; 0: not known
  size_t color = SIZE_MAX;     ///< as of a Series
};
/// Spectra over the rank, 1 for the largest value, logarithmic (as the paper's Figures 2, 7b and 9). A curve ends where
/// its values are below its floor (1e-16 of the largest where it is not known); from there a dotted line marks a floor
/// that is known. A dashed line marks the share `dead_below` of its largest value, below which a direction is dead. A
/// curve whose floor lies above that line goes on below it.
Figure spectrum_figure(const std::string& title, const std::vector<SpectrumCurve>& curves, double dead_below = 1e-4);

/// Whether gnuplot is there to draw figures.
bool can_draw();

/// Writes DIRECTORY/NAME.csv, .gp and .svg and returns the svg, which only says so where there is no gnuplot to draw
/// it. Throws Error when gnuplot fails.
std::string write_figure(const Figure& figure, const std::filesystem::path& directory, const std::string& name);
std::string write_figure(const HeatMap& map, const std::filesystem::path& directory, const std::string& name);

/// The svg made fit to stand inside a page: no XML prologue, ids made unique by `prefix`, black drawn in the page's
/// text colour so that dark mode works.
std::string inline_svg(const std::string& svg, const std::string& prefix);

}  // namespace directclr::report
