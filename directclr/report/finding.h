#pragma once

#include <string>

#include "directclr/core/json.h"

namespace directclr::report {

/// What was found, for a reader and for a program.
struct Finding {
  std::string text;
  Json object;
};

}  // namespace directclr::report
