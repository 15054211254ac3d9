#pragma once

#include <variant>

#include "directclr/core/json.h"
#include "directclr/core/settings.h"

namespace directclr {

/// A setting's present value.
inline Json json_of(const Field& field) {
  return std::visit([](const auto* value) { return Json(*value); }, field.value);
}

}  // namespace directclr
