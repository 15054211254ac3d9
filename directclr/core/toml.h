#pragma once

// toml++ asserts what a damaged file may break, though the code behind each assertion refuses it with an error. Without
// this line such a file ends a program that is built with assertions.
#ifndef TOML_ASSERT
#define TOML_ASSERT(condition) static_assert(true)
#endif

#include <toml++/toml.h>
