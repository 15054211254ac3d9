#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace directclr {

/// The candidate nearest to `word` by edit distance (insert, delete, change, swap of neighbours), or "" when none is
/// near enough to be a likely misspelling.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

/// "a, b, c".
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

/// Pieces between separators; "" gives one empty piece.
std::vector<std::string> split(std::string_view text, char separator);

/// In double quotes, with quotes and backslashes escaped: a string of TOML and of gnuplot.
std::string in_quotes(std::string_view text);

/// 0.42 -> "0.4 s", 75 -> "1 min 15 s", 3700 -> "1 h 1 min".
std::string format_duration(double seconds);

/// The shortest decimal that reads back as the same double ("0.1", "1e-06").
std::string format_number(double value);

/// Whole-string parses; false when the text is not exactly one number in range.
bool parse_int(std::string_view text, int64_t& value);
bool parse_double(std::string_view text, double& value);

/// Lower-case copy (ASCII).
std::string lower(std::string_view text);

/// Whether bytes are text in UTF-16: with its byte-order mark, or every other byte of the beginning mostly 0.
bool is_utf16(std::string_view bytes);

}  // namespace directclr
