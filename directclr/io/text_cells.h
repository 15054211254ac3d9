#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace directclr::io {

/// How a table of text is written: what is between its cells, ' ' for any run of blanks, and what is before fractions.
struct TextDialect {
  char separator = ',';
  bool decimal_comma = false;
};

/// What a cell holds.
enum class CellKind {
  kNumber,
  kNotFinite,  ///< spelled out, or too large for float64
  kGap,        ///< nothing, or one of the words for it: NA, null, ...
  kText,
  kMalformed  ///< digits and signs, but no number
};

/// One cell, as it lies in the text.
struct TextCell {
  std::string_view text;  ///< without blanks and quotes around it; what is doubled inside quotes still is
  bool quoted = false;
  bool closed = true;  ///< false: its quote is never closed, or more than blanks follows the quote
};

/// Which lines that begin with # are rows and no comments.
struct HashRows {
  /// Those with a cell for each of these, and numbers or gaps where it is true. Empty: none.
  std::vector<bool> numbers;
  bool decimal_comma = false;
  bool all = false;  ///< all but those whose # stands alone
};

/// What a cell holds, and its value where that is a number (not-a-number and infinities too).
CellKind kind_of(std::string_view text, bool decimal_comma, double& value);

/// Whether a cell holds a list, an array or a tensor of two numbers or more, as Python prints them: "[0.5, 1.5]".
bool holds_list(std::string_view text);

/// Why a cell that looks like a number is none and what to do, where that can be told, else empty.
std::string why_no_number(std::string_view text);

/// A cell as people shall read it: quotes undone, in UTF-8 without control characters, cut after `most` bytes.
std::string shown(const TextCell& cell, size_t most = 40);

/// Goes through a table of text, line by line and cell by cell, without a copy. Lines end with LF, CRLF or CR; those
/// that are blank are passed over, and so are those that begin with #, but for `hash_rows`. Cells in double quotes may
/// hold separators and ends of lines; a quote with a separator behind it that nothing on its line closes is a cell.
class TextCursor {
 public:
  /// Requires that `hash_rows` outlives this.
  TextCursor(std::string_view text, char separator, int64_t first_line = 1, const HashRows* hash_rows = nullptr)
      : at_(text.data()),
        end_(text.data() + text.size()),
        separator_(separator),
        line_(first_line),
        hash_rows_(hash_rows) {}

  /// To the next line with cells; false when there is none.
  bool next_line();
  /// Whether the line has another cell.
  bool more() const { return more_; }
  /// The next cell. Requires more().
  TextCell next();
  /// The next cell, where it is a plain number with a point, else false and nothing is taken. Requires more().
  bool next_number(double& value);

  /// Where the line began that next_line() went to; lines are counted from 1.
  int64_t line() const { return first_; }
  const char* position() const { return at_; }
  /// The line of position().
  int64_t line_here() const { return line_; }
  /// Of the lines that were passed over.
  int64_t blank_lines() const { return blank_; }
  int64_t comments() const { return comments_; }
  /// Of the lines with cells: those that begin with #.
  int64_t rows_with_hash() const { return rows_with_hash_; }
  /// The last comment, where nothing lies between it and the line that next_line() went to; else empty.
  std::string_view comment_before() const { return comment_; }

 private:
  bool is_blank(char c) const { return c == ' ' || (c == '\t' && separator_ != '\t'); }
  bool at_line_end() const { return at_ == end_ || *at_ == '\n' || *at_ == '\r'; }
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  bool is_comment() const;
  bool is_lone_quote() const;
  void end_line();
  void end_cell();

  const char* at_;
  const char* end_;
  char separator_;
  int64_t line_;
  int64_t first_ = 0;
  int64_t blank_ = 0;
  int64_t comments_ = 0;
  int64_t rows_with_hash_ = 0;
  const HashRows* hash_rows_;
  std::string_view comment_;
  bool more_ = false;
};

inline void TextCursor::end_line() {
  if (at_ != end_ && *at_ == '\r') {
    ++at_;
    if (at_ != end_ && *at_ == '\n') ++at_;
    ++line_;
  } else if (at_ != end_) {
    ++at_;
    ++line_;
  }
}

// What is between this cell and the next, or ends the line.
inline void TextCursor::end_cell() {
  skip_blanks();
  more_ = !at_line_end();
  if (!more_) {
    end_line();
  } else if (separator_ != ' ') {
    ++at_;
  }
}

inline bool TextCursor::next_number(double& value) {
  const char* const begin = at_;
  skip_blanks();
  const auto [after, error] = std::from_chars(at_, end_, value);
  // Nothing but a digit or a point ends such a number: words for what is not finite are left to next().
  if (error == std::errc() && (after[-1] == '.' || (after[-1] >= '0' && after[-1] <= '9'))) {
    at_ = after;
    const bool blank = at_ != end_ && is_blank(*at_);
    skip_blanks();
    if (at_line_end() || *at_ == separator_ || (separator_ == ' ' && blank)) {
      end_cell();
      return true;
    }
  }
  at_ = begin;
  return false;
}

}  // namespace directclr::io
