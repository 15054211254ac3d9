#pragma once

namespace directclr {

/// The version of the library and the program; CMakeLists.txt reads it from here.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace directclr
