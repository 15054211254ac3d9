#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::report {

/// A line of a terminal, and how it is to look.
struct ScreenLine {
  enum class Style { kPlain, kHead, kQuiet, kWarning };
  std::string text;
  Style style = Style::kPlain;
};

/// A terminal as text is fitted to it.
struct Screen {
  size_t columns = 80;
  size_t rows = 24;
  bool utf8 = true;  ///< whether it shows blocks, else letters stand for them
};

/// Runs that are being trained, one under another, for a terminal: where each is, loss, ranks and dead directions with
/// their course over the steps, the spectrum as bars, warnings. At most screen.rows lines of at most screen.columns
/// letters. With few rows it leaves out what matters least, and of runs that do not fit it says how many. The last line
/// is `footer` and what the dots are, where it is not empty and takes no run's place. Requires runs, at least one row
/// and one column.
std::vector<ScreenLine> watch_screen(const std::vector<RunResults>& runs, const Screen& screen,
                                     const std::string& footer);

/// Numbers of 0 .. 1 as bars in `rows` lines, the top one first; what is not finite is a dot on the ground.
std::vector<std::string> bars(const std::vector<double>& heights, size_t rows, bool utf8);

}  // namespace directclr::report
