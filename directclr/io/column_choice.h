#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace directclr::io {

/// The columns of a table that a text names, as flags: pieces with commas between, each a name ("x"), a pattern of the
/// shell ("embedding_*"), or a range FIRST:END counted from 0 whose ends may be left out or, negative, count from the
/// end ("2:130", ":-1"); a number alone is a name where there is such a name, else a position. `names` is as long as
/// `count`, or empty. Throws InputError, naming `option` and the nearest name, for what names no column.
std::vector<bool> choose_columns(const std::string& text, int64_t count, const std::vector<std::string>& names,
                                 const std::string& option);

}  // namespace directclr::io
