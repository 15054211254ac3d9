#pragma once

#include <cstdint>
#include <string>

namespace directclr::experiment {

/// One picture, already drawn.
struct Drawing {
  std::string name;  ///< of its files: NAME.csv, NAME.gp, NAME.svg
  std::string html;  ///< the figure of a page, with its caption (report/figure_html.h)
  std::string caption;
  std::string of = "";  ///< whose spectra it shows: "representation", "embedding"; empty: something else
  int64_t curves = 0;   ///< how many
};

}  // namespace directclr::experiment
