#include "directclr/io/text_layout.h"

#include <algorithm>
#include <map>
#include <optional>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

constexpr size_t kSample = 1 << 20;
constexpr int64_t kSampleLines = 256;
constexpr size_t kLongestName = 256;
constexpr int64_t kMostColumns = 1 << 20;  // a covariance of more fits nowhere

// A column's cells below the first line.
struct Seen {
  int64_t numbers = 0;  // not finite ones too
  int64_t integers = 0;
  int64_t gaps = 0;
  int64_t texts = 0;
  int64_t malformed = 0;
  int64_t quoted = 0;
  bool is_text() const { return texts > 0 && numbers == 0 && malformed == 0; }
};

struct FirstCell {
  TextCell cell;
  CellKind kind;
};

// The sample, read in one dialect.
struct Reading {
  TextDialect dialect;
  int64_t lines = 0;
  int64_t alike = 0;  // below the first line: those with as many cells as there are columns
  int64_t first_line = 0;
  std::vector<FirstCell> first;
  std::string_view comment;   // right above the first line
  std::vector<Seen> columns;  // as many as most lines have cells
  bool thousands = true;      // every decimal comma could be one between thousands
  bool all_commas = true;     // every cell but those of the first column has one

  // Below the first line, or of the only one.
  int64_t rest() const { return std::max<int64_t>(1, lines - 1); }
  bool fits() const {
    const size_t width = columns.size();
    return lines > 0 && alike == rest() && (first.size() == width || first.size() + 1 == width);
  }
  int64_t texts() const {
    return std::count_if(columns.begin(), columns.end(), [](auto& c) { return c.is_text(); });
  }
  int64_t numbers() const {
    return std::count_if(columns.begin(), columns.end(), [](auto& c) { return c.numbers > 0; });
  }
  bool reads() const {
    return fits() && numbers() > 0 && std::all_of(columns.begin(), columns.end(), [](const Seen& c) {
             return c.malformed == 0 && (c.texts == 0 || c.numbers == 0);
           });
  }
  // The last column is empty: lines end with a separator.
  bool has_tail() const {
    return fits() && columns.size() > 1 && columns.back().gaps == rest() &&
           (first.size() < columns.size() || first.back().kind == CellKind::kGap);
  }
  // 1 where the first line leaves the first column, of the rows' names, without its own; else 0.
  size_t unnamed() const { return columns.size() - first.size() - (first.size() < columns.size() && has_tail()); }
  // How near it comes where it does not.
  double nearness() const {
    int64_t good = 0, all = 0;
    for (const auto& c : columns) {
      good += c.numbers + c.gaps;
      all += c.numbers + c.gaps + c.texts + c.malformed;
    }
    const double cells = all > 0 ? static_cast<double>(good) / static_cast<double>(all) : 0;
    return cells * static_cast<double>(alike) / static_cast<double>(rest());
  }
};

bool is_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

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

Reading read_sample(std::string_view table, int64_t first_line, TextDialect dialect, const std::string& name) {
  Reading reading;
  reading.dialect = dialect;
  TextCursor cursor(table, dialect.separator, first_line);
  std::map<int64_t, int64_t> widths;  // how many lines have so many cells
  double value = 0;
  while (reading.lines < kSampleLines &&
         (reading.lines < 3 || static_cast<size_t>(cursor.position() - table.data()) < kSample) && cursor.next_line()) {
    const bool first = reading.lines++ == 0;
    if (first) {
      reading.first_line = cursor.line();
      reading.comment = cursor.comment_before();
    }
    int64_t width = 0;
    for (; cursor.more(); ++width) {
      if (width == kMostColumns) {
        throw InputError(name, format("line %lld has more than %lld cells", static_cast<long long>(cursor.line()),
                                      static_cast<long long>(kMostColumns)));
      }
      const TextCell cell = cursor.next();
      const CellKind kind = cell.closed ? kind_of(cell.text, dialect.decimal_comma, value) : CellKind::kMalformed;
      if (first) {
        reading.first.push_back({cell, kind});
        continue;
      }
      if (width == std::ssize(reading.columns)) reading.columns.emplace_back();
      Seen& seen = reading.columns[static_cast<size_t>(width)];
      seen.quoted += cell.quoted;
      switch (kind) {
        case CellKind::kNumber: seen.integers += is_integer(cell.text); [[fallthrough]];
        case CellKind::kNotFinite: ++seen.numbers; break;
        case CellKind::kGap: ++seen.gaps; break;
        case CellKind::kText: ++seen.texts; break;
        case CellKind::kMalformed: ++seen.malformed; break;
      }
      if (dialect.decimal_comma && kind == CellKind::kNumber) {
        const bool comma = cell.text.find(',') != std::string_view::npos;
        reading.thousands = reading.thousands && (!comma || could_be_thousands(cell.text));
        reading.all_commas = reading.all_commas && (comma || width == 0);
      }
    }
    ++widths[width];
  }
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
    for (const auto& [cell, kind] : reading.first) {
      reading.columns.push_back({.numbers = kind == CellKind::kNumber || kind == CellKind::kNotFinite,
                                 .integers = kind == CellKind::kNumber && is_integer(cell.text),
                                 .gaps = kind == CellKind::kGap,
                                 .texts = kind == CellKind::kText,
                                 .malformed = kind == CellKind::kMalformed});
    }
    reading.alike = 1;
  }
  return reading;
}

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
Reading best_reading(std::string_view table, int64_t line, char declared, const RowSettings& settings,
                     const std::string& name) {
  const std::string_view sample = table.substr(0, kSample);
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
    const bool reads = settings.decimal != "comma" && offer(read_sample(table, line, {separator, false}, name));
    if (!reads && settings.decimal != "point" && sample.find(',') != std::string_view::npos) {
      offer(read_sample(table, line, {separator, true}, name));
    }
  }
  if (!best)
    best = read_sample(table, line, {',', settings.decimal == "comma"}, name);  // nothing separates: one column
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

// What the first line's cells over columns of numbers are.
struct FirstLine {
  int64_t numbers = 0, words = 0, malformed = 0, never_integers = 0, integers_below = 0, over = 0, quoted = 0;
  bool ascending = true;  // integers, each larger than the one before
  bool counting = true;   // by one, from 0 or 1 on
  const FirstCell* word = nullptr;
  int64_t word_column = 0;
};

FirstLine look_at_first_line(const Reading& r) {
  FirstLine line;
  int64_t before = -1;
  for (size_t c = 0; c < r.first.size(); ++c) {
    const Seen& below = r.columns[c + r.unnamed()];
    const auto& [cell, kind] = r.first[c];
    if (below.numbers <= below.texts) continue;  // text, but for names that are numbers
    ++line.over;
    line.integers_below += below.integers;
    line.never_integers += below.integers == 0;
    line.quoted += cell.quoted && below.quoted == 0;
    if (kind == CellKind::kNumber || kind == CellKind::kNotFinite) {
      ++line.numbers;
      int64_t count = 0;
      if (!is_integer(cell.text) || !parse_int(cell.text, count) || count <= before) {
        line.ascending = line.counting = false;
      } else {
        line.counting = line.counting && (before < 0 ? count <= 1 : count == before + 1);
        before = count;
      }
    } else if (kind == CellKind::kText || kind == CellKind::kMalformed) {
      ++line.words;
      line.malformed += kind == CellKind::kMalformed;
      if (!line.word) {
        line.word = &r.first[c];
        line.word_column = static_cast<int64_t>(c) + 1;
      }
    }
  }
  return line;
}

// Whether the first line names the columns.
bool has_heading(const Reading& r, const RowSettings& settings, const std::string& name) {
  if (settings.heading != "auto") return settings.heading == "yes";
  if (r.lines < 2) return false;
  const FirstLine line = look_at_first_line(r);
  if (line.over == 0) return false;
  if (line.words > 0) {
    if (line.malformed < line.words && (line.numbers == 0 || line.ascending)) return true;
    throw InputError(name,
                     format("line %lld, column %lld: '%s' is no number", static_cast<long long>(r.first_line),
                            static_cast<long long>(line.word_column), shown(line.word->cell).c_str()),
                     "--heading yes if the line names the columns, --heading no if it is a row");
  }
  if (line.numbers == 0) return true;
  if (!line.ascending) return false;
  const bool first_unnamed = r.first[0].kind == CellKind::kGap || r.first.size() < r.columns.size();
  if (first_unnamed || line.quoted == line.numbers) return true;
  const int64_t width = line.numbers;
  if (line.counting && width >= 3 && line.never_integers >= 3 && 2 * line.never_integers > width) return true;
  // One or two names, which numbers may be by chance.
  const bool enough = r.lines > 10;
  if (line.counting && r.first[0].cell.text == "0" && line.never_integers == line.over && enough) return true;
  if (width <= 2 && line.integers_below > 0) return false;
  if (line.counting || (enough && line.never_integers == line.over)) {
    throw InputError(
        name,
        format("line %lld may name the columns by numbers or be the first row", static_cast<long long>(r.first_line)),
        "say --heading yes or --heading no");
  }
  return false;
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

}  // namespace

TextLayout find_layout(std::string_view bytes, const RowSettings& settings, const std::string& name) {
  TextLayout layout;
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    throw InputError(name, "is text in UTF-16", "write it in UTF-8");
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.substr(0, kSample).find('\0') != std::string_view::npos) throw InputError(name, "is not text");
  char declared = 0;  // by a first line "sep=;", which Excel writes and reads
  if (lower(bytes.substr(0, 4)) == "sep=" && bytes.size() > 5 && (bytes[5] == '\n' || bytes[5] == '\r')) {
    declared = bytes[4];
    bytes.remove_prefix(bytes.substr(5).starts_with("\r\n") ? 7 : 6);
    layout.first_line = 2;
  }
  layout.table = bytes;
  const Reading r = best_reading(bytes, layout.first_line, declared, settings, name);
  if (r.lines == 0) throw InputError(name, "holds no numbers");
  if (declared == 0) refuse_doubtful_dialect(r, settings, name);
  layout.dialect = r.dialect;
  const size_t width = r.columns.size();
  const bool fits = r.fits();
  int64_t integers = 0, numbers = 0;
  for (const auto& column : r.columns) {
    layout.columns.push_back(column.is_text() ? TextLayout::Column::kText : TextLayout::Column::kNumbers);
    integers += column.integers;
    numbers += column.numbers;
  }
  layout.whole_share = numbers > 0 ? static_cast<double>(integers) / static_cast<double>(numbers) : 0;
  if (r.has_tail()) layout.columns.back() = TextLayout::Column::kTail;
  if (!fits) {  // a line has too many cells or too few: the first that differs will be met
    if (r.first.size() == width && has_heading(r, settings, name)) layout.heading = r.first_line;
    return layout;
  }
  if (has_heading(r, settings, name)) {
    layout.heading = r.first_line;
    const FirstLine line = look_at_first_line(r);
    layout.counts = line.words == 0 && line.numbers > 0;
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
