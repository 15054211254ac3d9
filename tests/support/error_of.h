#pragma once

#include <functional>
#include <string>

#include "directclr/core/error.h"

namespace directclr::test {

/// The message of the error that the action throws, or "no error".
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace directclr::test
