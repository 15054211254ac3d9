#include "directclr/io/text_sample.h"

#include <cmath>
#include <map>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

constexpr int64_t kSampleLines = 256;
constexpr int64_t kMostColumns = 1 << 20;  // a covariance of more fits nowhere

bool is_number(CellKind kind) { return kind == CellKind::kNumber || kind == CellKind::kNotFinite; }

bool is_whole(CellKind kind, double value) { return kind == CellKind::kNumber && value == std::floor(value); }

// 1,234 or 12,345,678: every comma stands where one between thousands would.
bool could_be_thousands(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const size_t first = text.find(',');
  if (first == 0 || first > 3 || text[0] == '0') return false;
  for (size_t at = first; at < text.size(); at += 4) {
    if (text[at] != ',' || text.size() - at < 4 || !is_integer(text.substr(at + 1, 3))) return false;
  }
  return true;
}

void add(Seen& seen, const TextCell& cell, CellKind kind, double value) {
  seen.quoted += cell.quoted;
  seen.numbers += is_number(kind);
  if (kind == CellKind::kNumber) {
    seen.integers += is_integer(cell.text);
    seen.signed_integers += is_integer(cell.text.substr(cell.text.starts_with('-')));
  }
  seen.whole += is_whole(kind, value);
  seen.gaps += kind == CellKind::kGap;
  seen.malformed += kind == CellKind::kMalformed;
  seen.lists += kind == CellKind::kMalformed && holds_list(cell.text);
  if (kind == CellKind::kText) {
    ++seen.texts;
    seen.marks &= marks_of(cell.text);
  }
}

}  // namespace

bool is_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

unsigned marks_of(std::string_view text) {
  constexpr std::string_view kMarks = "./\\_-:#";
  unsigned marks = 0;
  for (const char c : text) {
    const size_t mark = kMarks.find(c);
    if (mark != std::string_view::npos) marks |= 1U << mark;
  }
  return marks;
}

bool Reading::fits() const {
  const size_t width = columns.size();
  return lines > 0 && alike == rest() && (first.size() == width || first.size() + 1 == width);
}

int64_t Reading::texts() const {
  return std::count_if(columns.begin(), columns.end(), [](auto& c) { return c.is_text(); });
}

int64_t Reading::numbers() const {
  return std::count_if(columns.begin(), columns.end(), [](auto& c) { return c.numbers > 0; });
}

bool Reading::reads() const {
  return fits() && numbers() > 0 && std::all_of(columns.begin(), columns.end(), [](const Seen& c) {
           return c.malformed == 0 && (c.texts == 0 || c.numbers == 0);
         });
}

bool Reading::has_tail() const {
  return fits() && columns.size() > 1 && columns.back().gaps == rest() &&
         (first.size() < columns.size() || first.back().kind == CellKind::kGap);
}

double Reading::nearness() const {
  int64_t good = 0, all = 0;
  for (const auto& c : columns) {
    good += c.numbers + c.gaps + c.lists;  // else blanks between a list's numbers are nearest
    all += c.numbers + c.gaps + c.texts + c.malformed;
  }
  const double cells = all > 0 ? static_cast<double>(good) / static_cast<double>(all) : 0;
  return cells * static_cast<double>(alike) / static_cast<double>(rest());
}

Reading read_sample(std::string_view table, int64_t first_line, TextDialect dialect, const HashRows& hash_rows,
                    const std::string& name) {
  Reading reading;
  reading.dialect = dialect;
  TextCursor cursor(table, dialect.separator, first_line, &hash_rows);
  std::map<int64_t, int64_t> widths;  // how many lines have so many cells
  while (reading.lines < kSampleLines &&
         (reading.lines < 3 || static_cast<size_t>(cursor.position() - table.data()) < kSampleBytes) &&
         cursor.next_line()) {
    const bool first = reading.lines++ == 0;
    if (first) {
      reading.first_line = cursor.line();
      reading.comment = cursor.comment_before();
    }
    int64_t width = 0;
    bool whole = true, differ = false;
    double first_value = NAN;
    for (; cursor.more(); ++width) {
      if (width == kMostColumns) {
        throw InputError(name, format("line %lld has more than %lld cells", static_cast<long long>(cursor.line()),
                                      static_cast<long long>(kMostColumns)));
      }
      double value = 0;
      const TextCell cell = cursor.next();
      const CellKind kind = cell.closed ? kind_of(cell.text, dialect.decimal_comma, value) : CellKind::kMalformed;
      if (first) {
        reading.first.push_back({cell, kind, value});
        continue;
      }
      if (width == std::ssize(reading.columns)) reading.columns.emplace_back();
      add(reading.columns[static_cast<size_t>(width)], cell, kind, value);
      if (is_number(kind)) {
        whole = whole && is_whole(kind, value);
        if (std::isnan(first_value)) first_value = value;
        differ = differ || value != first_value;
      }
      if (dialect.decimal_comma && kind == CellKind::kNumber) {
        const bool comma = cell.text.find(',') != std::string_view::npos;
        reading.thousands = reading.thousands && (!comma || could_be_thousands(cell.text));
        reading.all_commas = reading.all_commas && (comma || width == 0);
      }
    }
    if (first) {
      reading.second_at = static_cast<size_t>(cursor.position() - table.data());
      reading.second_line = cursor.line_here();
    } else {
      reading.whole_lines += whole && differ;
    }
    ++widths[width];
  }
  reading.comments = cursor.comments();
  // What most lines have; where two are as frequent, the first line's.
  const auto first_width = std::ssize(reading.first);
  int64_t most = first_width;
  for (const auto& [width, count] : widths) {
    if (count > widths[most]) most = width;
  }
  reading.columns.resize(static_cast<size_t>(most));
  reading.alike = widths[most] - (most == first_width);
  if (reading.lines == 1) {  // a table of one line
    reading.columns.clear();
    for (const auto& [cell, kind, value] : reading.first) add(reading.columns.emplace_back(), cell, kind, value);
    reading.alike = 1;
  }
  return reading;
}

}  // namespace directclr::io
