#pragma once

#include <string>

// toml++ asserts what a damaged file may break, though the code behind each assertion refuses it with an error. Without
// this line such a file ends a program that is built with assertions.
#ifndef TOML_ASSERT
#define TOML_ASSERT(condition) static_assert(true)
#endif

#include <toml++/toml.h>

namespace directclr {

/// The contents of a TOML file. Throws InputError with the place of what is no TOML; so, too, of characters beyond
/// ASCII outside strings and comments, where TOML has none and toml++ 3.0 does not know what to do.
toml::table read_toml_file(const std::string& path);

}  // namespace directclr
