#include "directclr/io/text_table.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/mapped_file.h"
#include "directclr/core/text.h"
#include "directclr/io/column_choice.h"
#include "directclr/io/text_layout.h"

namespace directclr::io {
namespace {

using Column = TextLayout::Column;

// What all cells of a column together look like.
struct ColumnFacts {
  bool whole = true;     // integers alone
  bool counts = true;    // by one, from 0 or 1 on
  int64_t integers = 0;  // besides zeros
  double first = NAN;

  void add(double value, int64_t row) {
    const bool integer = value == std::floor(value);
    whole = whole && (integer || std::isnan(value));
    integers += integer && value != 0;
    if (row == 0) first = value;
    counts = counts && value == first + static_cast<double>(row);
  }
  bool is_count() const { return counts && (first == 0 || first == 1); }
};

bool names_an_index(const std::string& name) {
  static const std::set<std::string> names = {"", "index", "idx", "id", "row", "unnamed: 0"};
  return names.contains(lower(name));
}
bool names_labels(const std::string& name) {
  static const std::set<std::string> names = {"label",   "labels",   "class",    "classes", "target",
                                              "targets", "class_id", "label_id", "cls",     "y"};
  return names.contains(lower(name));
}

class TableReader {
 public:
  TableReader(const std::filesystem::path& path, const RowSettings& settings)
      : name_(path.string()), settings_(settings), file_(path), layout_(find_layout(file_.bytes(), settings, name_)) {}

  TextTable read() {
    choose();
    read_cells();
    if (settings_.columns.empty()) leave_out_what_is_no_feature();
    return finish();
  }

 private:
  std::string name_of(size_t column) const { return layout_.names.empty() ? "" : layout_.names[column]; }
  std::string column(size_t c) const { return column_text(static_cast<int64_t>(c) + 1, name_of(c)); }
  std::string place(int64_t line, size_t c) const {
    return format("line %lld, ", static_cast<long long>(line)) + column(c);
  }
  void leave_out(size_t c, const char* why) {
    kept_[c] = false;
    taken_.left_out.push_back({static_cast<int64_t>(c) + 1, name_of(c), why});
  }

  // Which columns the settings and their kinds leave.
  void choose() {
    const size_t width = layout_.columns.size();
    const auto count = static_cast<int64_t>(width);
    kept_.assign(width, true);
    if (!settings_.columns.empty()) {
      kept_ = choose_columns(settings_.columns, count, layout_.names, "--columns");
      taken_.chosen = settings_.columns;
    }
    if (!settings_.label_column.empty()) {
      const auto label = choose_columns(settings_.label_column, count, layout_.names, "--label-column");
      if (std::count(label.begin(), label.end(), true) != 1) {
        throw InputError("--label-column", "'" + settings_.label_column + "' names more than one column");
      }
      leave_out(static_cast<size_t>(std::find(label.begin(), label.end(), true) - label.begin()), "labels");
    }
    for (size_t c = 0; c < width; ++c) {
      if (!kept_[c] || layout_.columns[c] == Column::kNumbers) continue;
      if (!settings_.columns.empty()) {
        throw InputError(name_, column(c) + (layout_.columns[c] == Column::kText ? " holds text" : " is empty"),
                         "leave it out of --columns");
      }
      leave_out(c, layout_.columns[c] == Column::kText ? "text" : "empty: lines end with a separator");
    }
    if (std::count(kept_.begin(), kept_.end(), true) == 0) {
      throw InputError(name_, "no column holds numbers alone", "--separator and --decimal say how they are written");
    }
  }

  void read_cells() {
    TextCursor cursor(layout_.table, layout_.dialect.separator, layout_.first_line, &layout_.hash_rows);
    if (layout_.heading > 0 && !layout_.in_comment && cursor.next_line()) {
      while (cursor.more()) cursor.next();
    }
    const size_t width = layout_.columns.size();
    facts_.resize(width);
    int64_t blank = 0;
    while (cursor.next_line()) {
      if (width == 1 && rows_ > 0 && cursor.blank_lines() > blank) {
        throw InputError(name_, format("line %lld is empty", static_cast<long long>(cursor.line() - 1)),
                         "in a table of one column that is a gap");
      }
      blank = cursor.blank_lines();
      size_t c = 0;
      for (; cursor.more(); ++c) {
        double value = 0;
        if (c < width && kept_[c]) {
          if (layout_.dialect.decimal_comma || !cursor.next_number(value)) value = read_cell(cursor, c);
          facts_[c].add(value, rows_);
          values_.push_back(value);
        } else if (const TextCell cell = cursor.next(); c < width) {
          if (!cell.closed) refuse(cell, CellKind::kMalformed, cursor.line(), c);
          if (layout_.columns[c] == Column::kTail && !cell.text.empty()) {
            throw InputError(name_, place(cursor.line(), c) + " is filled, and empty in the lines before",
                             "--columns says which are meant");
          }
        }
      }
      if (c != width) refuse_length(cursor.line(), c);
      if (++rows_ == 64) reserve(cursor.position());
    }
    if (rows_ == 0) throw InputError(name_, "holds no rows of numbers");
    taken_.comments = cursor.comments();
    taken_.rows_with_hash = cursor.rows_with_hash();
  }

  // Room for all rows, if they are as long as those up to here.
  void reserve(const char* here) {
    const double read = static_cast<double>(here - layout_.table.data()),
                 all = static_cast<double>(layout_.table.size());
    values_.reserve(static_cast<size_t>(1.02 * static_cast<double>(values_.size()) * all / read));
  }

  double read_cell(TextCursor& cursor, size_t c) {
    const TextCell cell = cursor.next();
    double value = 0;
    const CellKind kind = cell.closed ? kind_of(cell.text, layout_.dialect.decimal_comma, value) : CellKind::kMalformed;
    if (kind == CellKind::kNumber) return value;
    if (!settings_.gaps_are_nan || (kind != CellKind::kGap && kind != CellKind::kNotFinite)) {
      TextCursor rest = cursor;
      size_t width = c + 1;
      for (; rest.more(); ++width) rest.next();
      if (cell.closed && width != layout_.columns.size()) refuse_length(cursor.line(), width);
      refuse(cell, kind, cursor.line(), c);
    }
    return NAN;
  }

  [[noreturn]] void refuse_length(int64_t line, size_t cells) const {
    throw InputError(name_,
                     format("line %lld has %zu cells, other lines have %zu", static_cast<long long>(line), cells,
                            layout_.columns.size()),
                     rows_ == 0 && layout_.heading == 0 ? "what stands above the table begins with #, or is left out"
                                                        : "--separator says what is between cells");
  }

  [[noreturn]] void refuse(const TextCell& cell, CellKind kind, int64_t line, size_t c) const {
    const std::string where = place(line, c), text = "'" + shown(cell) + "'";
    const char* const skip = "--skip-nonfinite leaves out such rows";
    if (!cell.closed)
      throw InputError(name_, where + ": the quote does not end with the cell",
                       "a quote inside a cell is written twice, and the cell in quotes");
    if (kind == CellKind::kGap && cell.text.empty()) throw InputError(name_, where + " is empty", skip);
    if (kind == CellKind::kGap) throw InputError(name_, where + " is a gap, " + text, skip);
    if (kind == CellKind::kNotFinite) throw InputError(name_, where + ": " + text + " is not finite", skip);
    const std::string why = why_no_number(cell.text);
    throw InputError(
        name_, where + ": " + text + " is no number",
        why.empty() ? "--columns takes others, --separator and --decimal say how the table is written" : why);
  }

  // Index and labels, by name and by what they hold; what may be either or a feature is refused.
  void leave_out_what_is_no_feature() {
    int64_t features = 0, integers = 0;
    for (size_t c = 0; c < kept_.size(); ++c) {
      if (!kept_[c] || facts_[c].whole) continue;
      ++features;
      integers += facts_[c].integers;
    }
    const double share = features > 0 ? static_cast<double>(integers) / static_cast<double>(features * rows_) : 1;
    // The others hold fractions: a column without any is no feature.
    const bool others_differ = share == 0 || (rows_ >= 10 && share <= 0.1);
    const std::vector<bool> read = kept_;
    for (size_t c = 0; c < read.size(); ++c) {
      const ColumnFacts& facts = facts_[c];
      if (!read[c] || !facts.whole || read.size() == 1) continue;
      const bool named = !layout_.names.empty();
      const bool index_name = c == 0 && named && names_an_index(layout_.names[c]);
      const bool count = c == 0 && facts.is_count() && rows_ > 1;
      if (count && (others_differ || index_name)) {
        leave_out(c, "counts the rows");
      } else if (index_name) {
        leave_out(c, "an index");
      } else if (named && names_labels(layout_.names[c])) {
        leave_out(c, "labels");
      } else if ((others_differ && facts.integers > 0 && rows_ > 1) || (count && rows_ > 2)) {
        refuse_doubtful(c, count);
      }
    }
    if (std::count(kept_.begin(), kept_.end(), true) == 0) {
      throw InputError(name_, "holds no numbers besides index and labels", "--columns takes them all the same");
    }
    compact(read);
  }

  [[noreturn]] void refuse_doubtful(size_t c, bool count) const {
    const std::string name = name_of(c).empty() ? std::to_string(c) : name_of(c);
    throw InputError(name_,
                     column(c) + (count ? " counts the rows: an index or a feature?"
                                        : " holds whole numbers alone, others do not: an index, labels or a feature?"),
                     (count ? "--columns 1: leaves it out" : "--label-column '" + name + "' leaves it out") +
                         ", --columns 0: takes all");
  }

  // Takes the numbers of columns that were read, and are left out since, from among the others.
  void compact(const std::vector<bool>& read) {
    if (read == kept_) return;
    size_t to = 0, from = 0;
    for (int64_t row = 0; row < rows_; ++row) {
      for (size_t c = 0; c < read.size(); ++c) {
        if (!read[c]) continue;
        if (kept_[c]) values_[to++] = values_[from];
        ++from;
      }
    }
    values_.resize(to);
  }

  TextTable finish() {
    taken_.dialect = layout_.dialect;
    taken_.heading = layout_.heading;
    taken_.counts = layout_.counts;
    taken_.in_comment = layout_.in_comment;
    taken_.columns = std::ssize(layout_.columns);
    std::sort(taken_.left_out.begin(), taken_.left_out.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return {array::Array::of(std::move(values_), {rows_, std::count(kept_.begin(), kept_.end(), true)}), taken_};
  }

  std::string name_;
  RowSettings settings_;
  MappedFile file_;
  TextLayout layout_;
  std::vector<bool> kept_;
  std::vector<ColumnFacts> facts_;
  std::vector<double> values_;
  int64_t rows_ = 0;
  TableTaken taken_;
};

}  // namespace

TextTable read_text_table(const std::filesystem::path& path, const RowSettings& settings) {
  return TableReader(path, settings).read();
}

}  // namespace directclr::io
