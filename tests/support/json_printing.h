#pragma once

#include <ostream>

#include "directclr/core/json.h"

namespace directclr {

/// GoogleTest's messages show a value as its text.
inline void PrintTo(const Json& value, std::ostream* out) { *out << value.dump(); }

}  // namespace directclr
