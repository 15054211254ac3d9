#pragma once

#include <string>

namespace directclr::experiment {

/// One picture, already drawn.
struct Drawing {
  std::string name;  ///< of its files: NAME.csv, NAME.gp, NAME.svg
  std::string svg;
  std::string caption;
};

}  // namespace directclr::experiment
