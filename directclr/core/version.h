#pragma once

/// The same as a number, 10000 major + 100 minor + patch, for #if.
#define DIRECTCLR_VERSION 100

namespace directclr {

/// The version of the library and the program; CMakeLists.txt reads it from here.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace directclr
