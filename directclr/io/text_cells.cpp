#include "directclr/io/text_cells.h"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>

#include "directclr/core/text.h"

namespace directclr::io {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What pandas takes for a missing value, what cannot be told from it, and what Excel writes for a value it has not.
bool is_word_for_gap(std::string_view text) {
  static const std::set<std::string, std::less<>> words = {
      "#n/a",    "#n/a n/a", "#na",    "#div/0!", "#name?", "#null!", "#num!", "#ref!", "#value!",
      "-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan", "<na>",   "n/a",    "na",    "null",  "none"};
  return text.size() <= 8 && words.contains(lower(text));
}

// Outside float64's range: 0 or infinite, by the C locale's rules whatever the process has set.
double rounded_outside(const std::string& text) {
  static const locale_t plain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return ::strtod_l(text.c_str(), nullptr, plain);
}

constexpr std::string_view kMinus = "\xE2\x88\x92";
constexpr std::string_view kHardBlanks[] = {"\xC2\xA0", "\xE2\x80\xAF"};

// 1,234 or 1.234,5 or -12 345: groups of three digits behind the first, with one sign between them.
bool has_thousands(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  size_t at = std::min(text.find_first_not_of("0123456789"), text.size());
  if (at == 0 || at > 3 || at == text.size()) return false;
  size_t between = std::strchr(",.' _", text[at]) != nullptr ? 1 : 0;
  for (const auto& blank : kHardBlanks) {
    if (text.substr(at).starts_with(blank)) between = blank.size();
  }
  const std::string_view sign = text.substr(at, between);
  if (sign.empty()) return false;
  while (text.substr(at).starts_with(sign)) {
    const std::string_view digits = text.substr(at + between, 3);
    if (digits.size() < 3 || !std::all_of(digits.begin(), digits.end(), is_digit)) return false;
    at += between + 3;
  }
  return at == text.size() || text[at] == '.' || text[at] == ',';
}

// Has digits, and besides them only what numbers, separators and brackets are made of; and no letter first, which
// names begin with.
bool looks_like_number(std::string_view text) {
  bool digits = false;
  if (std::strchr("eEdD_", text[0]) != nullptr) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    digits = digits || is_digit(c);
    if (is_digit(c) || std::strchr(".,;:|'+-%eEdD_ \t()[]{}<>$/\"", c) != nullptr) continue;
    bool sign = false;
    for (const std::string_view known : {kHardBlanks[0], kHardBlanks[1], kMinus}) {
      if (text.substr(i).starts_with(known)) {
        i += known.size() - 1;
        sign = true;
        break;
      }
    }
    if (!sign) return false;
  }
  return digits;
}

// Bytes of the character at the beginning, in UTF-8; 0 for what is none, or a control character.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead < 0x20 || lead == 0x7F ? 0 : 1;
  const size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return 0;
  }
  // Neither too long a form, nor half of a pair, nor beyond the last.
  const unsigned second = byte(1);
  const bool outside = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
                       (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90);
  return outside || (lead == 0xC2 && second < 0xA0) ? 0 : length;
}

}  // namespace

bool holds_list(std::string_view text) {
  for (const std::string_view word : {"tensor", "array"}) {
    if (text.starts_with(word)) text.remove_prefix(word.size());
  }
  if (text.empty() || (text.front() != '[' && text.front() != '(')) return false;
  text.remove_prefix(std::min(text.find_first_not_of("[( \r\n"), text.size()));
  const size_t end = text.find_first_of("])");
  if (end == std::string_view::npos) return false;
  text = text.substr(0, end);
  // Not-a-numbers and infinities are spelled out; "(500) Days of Summer" has one number alone.
  return std::any_of(text.begin(), text.end(), is_digit) && text.find_first_of(", \n") != std::string_view::npos &&
         text.find_first_not_of("0123456789+-.,eEnaifNAIF \t\r\n") == std::string_view::npos;
}

CellKind kind_of(std::string_view text, bool decimal_comma, double& value) {
  if (text.empty() || is_word_for_gap(text)) {
    value = NAN;
    return CellKind::kGap;
  }
  // No number in float64 has more than 767 digits that matter.
  constexpr size_t kLongest = 4096;
  if (text.size() > kLongest)
    return looks_like_number(text.substr(0, kLongest)) ? CellKind::kMalformed : CellKind::kText;
  std::string with_point;
  std::string_view number = text;
  if (decimal_comma) {
    const size_t comma = text.find(',');
    if (comma != std::string_view::npos && text.find_first_of(",.", comma + 1) == std::string_view::npos &&
        text.substr(0, comma).find('.') == std::string_view::npos) {
      with_point = std::string(text);
      with_point[comma] = '.';
      number = with_point;
    } else if (text.find('.') != std::string_view::npos && looks_like_number(text)) {
      return CellKind::kMalformed;
    }
  }
  if (number.size() > 1 && number[0] == '+' && number[1] != '-' && number[1] != '+') number.remove_prefix(1);
  const auto [after, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (after == number.data() + number.size()) {
    if (error == std::errc::result_out_of_range) value = rounded_outside(std::string(number));
    if (error == std::errc() || error == std::errc::result_out_of_range) {
      return std::isfinite(value) ? CellKind::kNumber : CellKind::kNotFinite;
    }
  }
  return looks_like_number(text) || holds_list(text) ? CellKind::kMalformed : CellKind::kText;
}

std::string why_no_number(std::string_view text) {
  if (holds_list(text)) {
    return "the cell holds a list: give every number a cell of its own, or write .npy: numpy.save('rows.npy', "
           "numpy.stack(lists))";
  }
  if (text.find(kMinus) != std::string_view::npos) return "its minus is U+2212: write - in its place";
  if (has_thousands(text)) return "it has signs between thousands: write numbers without them";
  return "";
}

std::string shown(const TextCell& cell, size_t most) {
  std::string text;
  for (size_t i = 0; i < cell.text.size();) {
    const std::string_view rest = cell.text.substr(i);
    const size_t length = character_length(rest);
    if (text.size() + std::max<size_t>(length, 1) > most) return text + "...";
    if (length == 0) {
      text += '?';
      ++i;
      continue;
    }
    text += rest.substr(0, length);
    i += length + (cell.quoted && rest.starts_with("\"\"") ? 1 : 0);
  }
  return text;
}

// Whether the line at a # is one.
bool TextCursor::is_comment() const {
  TextCursor line = *this;
  line.more_ = true;
  TextCursor first = line;
  const std::string_view begin = first.next().text;
  if (is_word_for_gap(begin)) return false;
  if (!hash_rows_) return true;
  if (hash_rows_->all) return begin.size() == 1 || line.is_blank(begin[1]);
  size_t width = 0;
  for (; line.more() && width < hash_rows_->numbers.size(); ++width) {
    const TextCell cell = line.next();
    double value = 0;
    const CellKind kind = cell.closed ? kind_of(cell.text, hash_rows_->decimal_comma, value) : CellKind::kMalformed;
    if (hash_rows_->numbers[width] && (kind == CellKind::kText || kind == CellKind::kMalformed)) return true;
  }
  return width == 0 || width < hash_rows_->numbers.size() || line.more();
}

// At a quote: whether it is the whole cell, as among the words of a language.
bool TextCursor::is_lone_quote() const {
  if (at_ + 1 == end_ || (at_[1] != separator_ && !(separator_ == ' ' && is_blank(at_[1])))) return false;
  const std::string_view rest(at_ + 1, static_cast<size_t>(end_ - at_ - 1));
  const size_t next = rest.find_first_of("\"\r\n");  // no further: a long line may hold many quotes
  return next == std::string_view::npos || rest[next] != '"';
}

bool TextCursor::next_line() {
  comment_ = {};
  while (at_ != end_) {
    const char* const begin = at_;
    skip_blanks();
    if (at_line_end()) {
      if (at_ == end_) break;
      end_line();
      ++blank_;
      comment_ = {};
      continue;
    }
    if (*at_ == '#' && is_comment()) {
      const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
      const size_t length = std::min(rest.find_first_of("\r\n"), rest.size());
      comment_ = rest.substr(1, length - 1);
      at_ += length;
      end_line();
      ++comments_;
      continue;
    }
    rows_with_hash_ += *at_ == '#';
    if (separator_ != ' ') at_ = begin;
    first_ = line_;
    more_ = true;
    return true;
  }
  more_ = false;
  return false;
}

TextCell TextCursor::next() {
  TextCell cell;
  skip_blanks();
  if (at_ != end_ && *at_ == '"' && !is_lone_quote()) {
    cell.quoted = true;
    const char* const begin = ++at_;
    while (true) {
      const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<size_t>(end_ - at_)));
      const char* const upto = quote ? quote : end_;
      for (const char* c = at_; c != upto; ++c) {
        if (*c == '\n' || (*c == '\r' && (c + 1 == end_ || c[1] != '\n'))) ++line_;
      }
      at_ = quote ? quote + 1 : end_;
      cell.text = {begin, static_cast<size_t>(upto - begin)};
      if (!quote) {
        cell.closed = false;
        break;
      }
      if (at_ == end_ || *at_ != '"') break;
      ++at_;
    }
    const bool blank = at_ != end_ && is_blank(*at_);
    skip_blanks();
    if (!at_line_end() && *at_ != separator_ && !(separator_ == ' ' && blank)) {
      cell.closed = false;
      while (!at_line_end() && *at_ != separator_) ++at_;
    }
  } else {
    const char* const begin = at_;
    if (separator_ == ' ') {
      while (!at_line_end() && !is_blank(*at_)) ++at_;
    } else {
      while (!at_line_end() && *at_ != separator_) ++at_;
    }
    const char* last = at_;
    while (last != begin && is_blank(last[-1])) --last;
    cell.text = {begin, static_cast<size_t>(last - begin)};
  }
  end_cell();
  return cell;
}

}  // namespace directclr::io
