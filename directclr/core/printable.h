#pragma once

#include <string>
#include <string_view>

namespace directclr {

/// Whether the bytes are UTF-8: no stray or cut sequences, nothing longer than need be, no surrogates.
bool is_utf8(std::string_view bytes);

/// A name of any bytes as UTF-8 on one line: bytes that are no UTF-8 and control characters become \xE9, and where
/// there are any a backslash becomes two. Other names stay as they are.
std::string printable(std::string_view name);

}  // namespace directclr
