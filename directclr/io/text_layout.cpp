#include "directclr/io/text_layout.h"

#include <algorithm>
#include <optional>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/io/text_heading.h"
#include "directclr/io/text_sample.h"

namespace directclr::io {
namespace {

constexpr size_t kLongestName = 256;

struct Separator {
  const char* word;
  char character;
};
constexpr Separator kSeparators[] = {{"tab", '\t'}, {"semicolon", ';'}, {"pipe", '|'}, {"comma", ','}, {"blanks", ' '}};

bool occurs(std::string_view sample, char separator) {
  return sample.find(separator) != std::string_view::npos ||
         (separator == ' ' && sample.find('\t') != std::string_view::npos);
}

// The reading that all lines agree with; where there are several, the one that makes the least of text.
Reading best_reading(std::string_view table, int64_t line, char declared, const HashRows& hash_rows,
                     const RowSettings& settings, const std::string& name) {
  const std::string_view sample = table.substr(0, kSampleBytes);
  std::optional<Reading> best;
  bool sure = false;
  const auto offer = [&](Reading reading) {
    const bool reads = reading.reads();
    bool better = !best || (reads && !sure);
    if (best && reads && sure) {
      better =
          reading.texts() < best->texts() || (reading.texts() == best->texts() && reading.numbers() > best->numbers());
    } else if (best && !reads && !sure) {
      better = reading.nearness() > best->nearness();
    }
    sure = sure || reads;
    if (better) best = std::move(reading);
    return reads;
  };
  for (const auto& [word, separator] : kSeparators) {
    if (declared != 0 ? separator != declared : settings.separator != "auto" && settings.separator != word) continue;
    if (declared == 0 && settings.separator == "auto" && !occurs(sample, separator)) continue;
    const bool reads =
        settings.decimal != "comma" && offer(read_sample(table, line, {separator, false}, hash_rows, name));
    if (!reads && settings.decimal != "point" && sample.find(',') != std::string_view::npos) {
      offer(read_sample(table, line, {separator, true}, hash_rows, name));
    }
  }
  if (!best)
    best =
        read_sample(table, line, {',', settings.decimal == "comma"}, hash_rows, name);  // nothing separates: one column
  return std::move(*best);
}

// Refuses what two dialects read in two ways.
void refuse_doubtful_dialect(const Reading& r, const RowSettings& settings, const std::string& name) {
  if (settings.decimal != "auto" || !r.reads()) return;
  if (r.dialect.decimal_comma && r.thousands) {
    throw InputError(name, "its commas may stand before fractions or between thousands",
                     "say --decimal comma, or write the numbers without commas");
  }
  if (settings.separator != "auto") return;
  if (r.dialect.decimal_comma && r.dialect.separator == ' ' && !r.all_commas) {
    throw InputError(name, "its commas may stand before fractions or between cells",
                     "say --decimal comma, or write it with one separator alone");
  }
  const auto whole = [](const Seen& c) { return c.numbers == c.integers && c.texts == 0 && c.gaps == 0; };
  const bool numbers_first =
      std::all_of(r.first.begin(), r.first.end(), [](const FirstCell& f) { return f.kind == CellKind::kNumber; });
  if (r.dialect.separator == ',' && !r.dialect.decimal_comma && r.columns.size() == 2 && numbers_first &&
      whole(r.columns[0]) && whole(r.columns[1])) {
    throw InputError(name, "its lines may be two whole numbers, or one with a decimal comma",
                     "say --separator comma for two, --decimal comma --separator tab for one");
  }
}

// The lines that begin with # and are rows, by what the others hold: those that begin with text and go on with numbers.
HashRows rows_with_hash(const Reading& r) {
  HashRows rows;
  rows.decimal_comma = r.dialect.decimal_comma;
  if (!r.fits() || r.columns.size() < 2 || r.columns[0].texts == 0) return rows;
  for (const Seen& column : r.columns) rows.numbers.push_back(column.numbers > 0 && column.texts == 0);
  if (std::count(rows.numbers.begin(), rows.numbers.end(), true) == 0) rows.numbers.clear();
  return rows;
}

// Names in a comment right above the table, as numpy.savetxt writes them; empty when it is none.
std::vector<std::string> names_in(std::string_view comment, const Reading& r) {
  std::vector<std::string> names;
  TextCursor cursor(comment, r.dialect.separator);
  if (!cursor.next_line()) return {};
  while (cursor.more()) names.push_back(shown(cursor.next(), kLongestName));
  if (names.size() != r.columns.size()) names.clear();
  return names;
}

// The table's own; layout.table and layout.first_line are where it begins.
Reading reading_of(TextLayout& layout, char declared, const RowSettings& settings, const std::string& name) {
  const auto best = [&](const HashRows& rows) {
    return best_reading(layout.table, layout.first_line, declared, rows, settings, name);
  };
  Reading r = best({});
  if (r.comments == 0) {
    layout.hash_rows = rows_with_hash(r);
    return r;
  }
  if (!r.reads()) {
    HashRows all;
    all.all = true;
    Reading with_all = best(all);
    if (with_all.reads() && with_all.columns[0].is_text()) r = std::move(with_all);
  }
  layout.hash_rows = rows_with_hash(r);
  return read_sample(layout.table, layout.first_line, r.dialect, layout.hash_rows, name);
}

// Only one line can name the columns.
void refuse_second_heading(const TextLayout& layout, const Reading& r, const std::string& name) {
  const Reading below = read_sample(layout.table.substr(r.second_at), r.second_line, r.dialect, layout.hash_rows, name);
  if (!names_once_more(below)) return;
  throw InputError(name,
                   format("line %lld names the columns, as line %lld does", static_cast<long long>(below.first_line),
                          static_cast<long long>(r.first_line)),
                   "write one line of names, in pandas table.columns = ['_'.join(map(str, c)) for c in table.columns]; "
                   "--heading yes if it is a row");
}

}  // namespace

TextLayout find_layout(std::string_view bytes, const RowSettings& settings, const std::string& name) {
  TextLayout layout;
  if (is_utf16(bytes)) throw InputError(name, "is text in UTF-16", "write it in UTF-8");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.substr(0, kSampleBytes).find('\0') != std::string_view::npos) throw InputError(name, "is not text");
  char declared = 0;  // by a first line "sep=;", which Excel writes and reads
  if (lower(bytes.substr(0, 4)) == "sep=" && bytes.size() > 5 && (bytes[5] == '\n' || bytes[5] == '\r')) {
    declared = bytes[4];
    bytes.remove_prefix(bytes.substr(5).starts_with("\r\n") ? 7 : 6);
    layout.first_line = 2;
  }
  layout.table = bytes;
  const Reading r = reading_of(layout, declared, settings, name);
  if (r.lines == 0) throw InputError(name, "holds no numbers");
  if (declared == 0) refuse_doubtful_dialect(r, settings, name);
  layout.dialect = r.dialect;
  const size_t width = r.columns.size();
  const bool fits = r.fits();
  for (const auto& column : r.columns) {
    layout.columns.push_back(column.is_text() ? TextLayout::Column::kText : TextLayout::Column::kNumbers);
  }
  if (r.has_tail()) layout.columns.back() = TextLayout::Column::kTail;
  if (r.lines == 1 && r.numbers() == 0 && r.texts() > 0) {
    throw InputError(
        name, format("no rows follow line %lld, and no column holds numbers", static_cast<long long>(r.first_line)));
  }
  if (!fits) {  // a line has too many cells or too few: the first that differs will be met
    if (r.first.size() == width && find_heading(r, settings, name).is_one) layout.heading = r.first_line;
    return layout;
  }
  if (const Heading heading = find_heading(r, settings, name); heading.is_one) {
    if (settings.heading == "auto") refuse_second_heading(layout, r, name);
    layout.heading = r.first_line;
    layout.counts = heading.by_numbers;
    layout.names.resize(r.unnamed());
    for (const auto& first : r.first) layout.names.push_back(shown(first.cell, kLongestName));
    layout.names.resize(width);
  } else if (auto names = names_in(r.comment, r); !names.empty()) {
    layout.names = std::move(names);
    layout.heading = r.first_line - 1;
    layout.in_comment = true;
  }
  return layout;
}

}  // namespace directclr::io
