#pragma once

#include <string>
#include <vector>

namespace directclr {

/// A pattern with braces as the shell and WebDataset write them: "{000..127}" (numbers; as many digits as the longer
/// end has, where one begins with 0), "{a,b}", several and nested ones. One text a combination, in order; a pattern
/// without braces is itself. Throws InputError(pattern) for more than a million texts, for
/// more than 256 MiB of them, and for a range of numbers of more than 268 digits.
std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace directclr
