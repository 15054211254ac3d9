#include "directclr/io/text_heading.h"

#include <cmath>
#include <map>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

// What the first line's cells over columns of numbers are.
struct FirstLine {
  int64_t numbers = 0, words = 0, malformed = 0, gaps = 0, never_integers = 0, integers_below = 0, over = 0, quoted = 0;
  bool ascending = true;       // integers, each larger than the one before
  bool counting = true;        // by one, from 0 or 1 on
  bool could_name = true;      // numbers without fractions, or 3.1 for a second 3
  bool whole_below = false;    // other rows are like it as a whole, though few of each column's cells are
  int64_t seldom_below = 0;    // of those: the ones whose columns have hardly such a number below
  double log10_chance = 0;     // of a row with as many numbers without fractions
  bool much_the_same = false;  // more than half of the numbers are one: padding, or nearly all zeros
  bool unlike_names = false;   // a word over names that all have a sign which it has not: path over a.png
  bool faults_below = false;   // a malformed cell over others
  const FirstCell* word = nullptr;
  int64_t word_column = 0;

  // Numbers that no row of the table would have.
  bool unlike_rows() const { return could_name && !whole_below && !much_the_same && log10_chance <= -3; }
  // Most of the columns have hardly anything like it, which is enough beside another sign of a heading.
  bool is_no_row() const { return could_name && 2 * seldom_below > numbers; }
};

// How often each number stands in the first line.
using Numbers = std::map<std::string_view, int64_t>;

// 3.1 where there is a 3, 3.2 where there is a 3.1: how pandas writes names that come again.
bool comes_again(std::string_view text, const Numbers& numbers) {
  const size_t point = text.find('.');
  int64_t again = 0;
  if (point == std::string_view::npos || !is_integer(text.substr(point + 1)) || text[point + 1] == '0' ||
      !parse_int(text.substr(point + 1), again) || !numbers.contains(text.substr(0, point))) {
    return false;
  }
  return again == 1 || numbers.contains(std::string(text.substr(0, point + 1)) + std::to_string(again - 1));
}

bool is_number(const FirstCell& first) { return first.kind == CellKind::kNumber || first.kind == CellKind::kNotFinite; }

// Columns of text have none, but for names that are numbers.
bool has_numbers(const Seen& column) { return column.numbers > column.texts; }

void add_number(FirstLine& line, const FirstCell& first, const Seen& below, const Numbers& numbers, int64_t& before) {
  const std::string_view text = first.cell.text;
  ++line.numbers;
  int64_t count = 0;
  if (!is_integer(text) || !parse_int(text, count) || count <= before) {
    line.ascending = line.counting = false;
  } else {
    line.counting = line.counting && (before < 0 ? count <= 1 : count == before + 1);
    before = count;
  }
  if (first.kind == CellKind::kNumber && first.value == std::floor(first.value)) {
    const bool plain = is_integer(text.substr(text.starts_with('-')));
    const int64_t alike = plain ? below.signed_integers : below.whole;
    line.seldom_below += 20 * alike <= below.numbers;
    line.log10_chance += std::log10(static_cast<double>(alike + 1) / static_cast<double>(below.numbers + 2));
  } else if (comes_again(text, numbers)) {
    ++line.seldom_below;
  } else {
    line.could_name = false;
  }
}

FirstLine look_at_first_line(const Reading& r) {
  FirstLine line;
  Numbers numbers;
  int64_t most = 0, before = -1;
  for (size_t c = 0; c < r.first.size(); ++c) {
    if (has_numbers(r.columns[c + r.unnamed()]) && is_number(r.first[c])) {
      most = std::max(most, ++numbers[r.first[c].cell.text]);
    }
  }
  for (size_t c = 0; c < r.first.size(); ++c) {
    const Seen& below = r.columns[c + r.unnamed()];
    const auto& [cell, kind, value] = r.first[c];
    if (!has_numbers(below)) {
      const bool word = kind == CellKind::kText && below.is_text();
      line.unlike_names = line.unlike_names || (word && (below.marks & ~marks_of(cell.text)) != 0);
      continue;
    }
    ++line.over;
    line.integers_below += below.integers;
    line.never_integers += below.integers == 0;
    line.quoted += cell.quoted && below.quoted == 0;
    line.gaps += kind == CellKind::kGap && !cell.text.empty();
    if (is_number(r.first[c])) {
      add_number(line, r.first[c], below, numbers, before);
    } else if (kind == CellKind::kText || kind == CellKind::kMalformed) {
      ++line.words;
      line.malformed += kind == CellKind::kMalformed;
      line.faults_below = line.faults_below || (kind == CellKind::kMalformed && below.malformed > 0);
      if (!line.word) {
        line.word = &r.first[c];
        line.word_column = static_cast<int64_t>(c) + 1;
      }
    }
  }
  line.much_the_same = 2 * most > line.numbers;
  line.whole_below = r.whole_lines > 0;
  return line;
}

// The rows' names have a column without a name.
bool first_unnamed(const Reading& r) { return r.first[0].cell.text.empty() || r.first.size() < r.columns.size(); }

enum class Kind { kRow, kNames, kDoubtful };

// Of a line of numbers.
Kind kind_of_numbers(const Reading& r, const FirstLine& line) {
  const bool another_sign = first_unnamed(r) || line.quoted == line.numbers;
  if ((line.ascending || line.is_no_row()) && another_sign) return Kind::kNames;
  if (line.is_no_row() && line.unlike_names) return Kind::kNames;
  const Kind otherwise = line.unlike_rows() ? Kind::kDoubtful : Kind::kRow;
  if (!line.ascending) return otherwise;
  const int64_t width = line.numbers;
  if (line.counting && width >= 3 && line.never_integers >= 3 && 2 * line.never_integers > width) return Kind::kNames;
  // One or two names, which numbers may be by chance.
  const bool enough = r.lines > 10;
  if (line.counting && r.first[0].cell.text == "0" && line.never_integers == line.over && enough) return Kind::kNames;
  if (width <= 2 && line.integers_below > 0) return Kind::kRow;
  return line.counting || (enough && line.never_integers == line.over) ? Kind::kDoubtful : otherwise;
}

Kind kind_of_line(const Reading& r, const FirstLine& line) {
  if (line.over == 0 || line.faults_below) return Kind::kRow;
  if (line.words > 0) {
    const bool names = line.malformed < line.words && (line.numbers == 0 || line.ascending || line.unlike_rows());
    return names ? Kind::kNames : Kind::kDoubtful;
  }
  if (line.numbers == 0) return line.gaps > 0 ? Kind::kRow : Kind::kNames;
  return kind_of_numbers(r, line);
}

}  // namespace

Heading find_heading(const Reading& r, const RowSettings& settings, const std::string& name) {
  if (settings.heading == "no" || (r.lines < 2 && settings.heading == "auto")) return {};
  const FirstLine line = look_at_first_line(r);
  const bool by_numbers = line.words == 0 && line.numbers > 0;
  if (settings.heading == "yes") return {true, by_numbers};
  const Kind kind = kind_of_line(r, line);
  if (kind != Kind::kDoubtful) return {kind == Kind::kNames, kind == Kind::kNames && by_numbers};
  const auto number = static_cast<long long>(r.first_line);
  if (!line.word) {
    throw InputError(name, format("line %lld may name the columns by numbers or be the first row", number),
                     "say --heading yes or --heading no");
  }
  const std::string why = why_no_number(line.word->cell.text);
  throw InputError(name,
                   format("line %lld, column %lld: '%s' is no number", number, static_cast<long long>(line.word_column),
                          shown(line.word->cell).c_str()),
                   why.empty() ? "--heading yes if the line names the columns, --heading no if it is a row" : why);
}

bool names_once_more(const Reading& below) {
  if (below.lines < 2 || below.first.size() != below.columns.size()) return false;
  const FirstLine line = look_at_first_line(below);
  if (line.words > 0) return line.words > 1 && line.numbers == 0 && line.malformed == 0;
  return line.unlike_rows() || (line.numbers > 0 && line.is_no_row() && first_unnamed(below));
}

}  // namespace directclr::io
