#include "directclr/data/label_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/image/formats.h"

namespace directclr::data {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string without_blanks(std::string text) {
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  size_t first = 0;
  while (first < text.size() && is_blank(text[first])) ++first;
  return text.substr(first);
}

// The fields of a line, without blanks around them; false when a quoted one does not end, or goes on after its quote.
bool fields_of_line(std::string_view line, char separator, std::vector<std::string>& fields) {
  fields.assign(1, "");
  bool quoted = false, closed = false;
  const auto end_field = [&] {
    if (!closed) fields.back() = without_blanks(std::move(fields.back()));
    closed = false;
  };
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == separator) {
      end_field();
      fields.emplace_back();
    } else if (is_blank(c) && (closed || fields.back().empty())) {
      continue;
    } else if (c == '"' && fields.back().empty() && !closed) {
      quoted = true;
    } else if (closed) {
      return false;
    } else {
      fields.back() += c;
    }
  }
  end_field();
  return !quoted;
}

// The separator that parts the first line in two.
char separator_of(std::string_view line) {
  std::vector<std::string> fields;
  for (const char separator : {',', '\t', ';'}) {
    if (fields_of_line(line, separator, fields) && fields.size() == 2) return separator;
  }
  return ',';
}

bool has_suffix(const std::string& path) { return path.find('.', path.rfind('/') + 1) != std::string::npos; }

bool is_word_for_paths(const std::string& cell) {
  static const std::set<std::string> words = {"path",     "file", "filename",   "file_name", "image",
                                              "image_id", "id",   "image_path", "file_path", "filepath",
                                              "name",     "img",  "image_name"};
  return words.contains(lower(cell));
}

bool is_word_for_classes(const std::string& cell) {
  static const std::set<std::string> words = {"class",    "label",    "labels",   "target",  "class_name",
                                              "category", "class_id", "label_id", "species", "breed"};
  return words.contains(lower(cell));
}

// The value of a class that is a whole number, as `7`, `07` or, where a program made fractions of them, `7.0`.
std::optional<int64_t> whole_number(const std::string& class_name) {
  constexpr double kLargest = 1e15;  // of those that a double holds exactly
  int64_t value = 0;
  if (parse_int(class_name, value)) return value;
  double number = 0;
  if (!parse_double(class_name, number) || !(std::abs(number) < kLargest) || number != std::floor(number)) return {};
  return static_cast<int64_t>(number);
}

std::string without_dot(const std::string& path) { return path.starts_with("./") ? path.substr(2) : path; }

std::string without_suffix(const std::string& path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? path : path.substr(0, dot);
}

}  // namespace

struct LabelTable::Line {
  size_t number;
  std::vector<std::string> fields;
};

bool LabelTable::is_heading(const std::vector<Line>& lines,
                            const std::function<bool(const std::string&)>& names_image) {
  const std::string &path = lines[0].fields[0], &class_name = lines[0].fields[1];
  const bool path_word = is_word_for_paths(path), class_word = is_word_for_classes(class_name);
  if (path_word && class_word) return true;
  const bool recurs =
      std::any_of(lines.begin() + 1, lines.end(), [&](const Line& line) { return line.fields[1] == class_name; });
  // A class may be called target, too.
  if (recurs || image::has_picture_name(path) || names_image(without_dot(path))) return false;
  if (path_word || class_word) return true;
  if (lines.size() < 2 || has_suffix(path)) return false;
  if (!has_suffix(lines[1].fields[0])) guessed_heading_ = path + "," + class_name;
  return true;
}

LabelTable::LabelTable(const std::filesystem::path& path,
                       const std::function<bool(const std::string& path)>& names_image) {
  const std::string name = printable(path.string()), content = read_file(path);
  std::string_view text = content;
  if (is_utf16(text)) throw InputError(name, "is text in UTF-16", "write it in UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<Line> lines;
  char separator = 0;
  size_t number = 0;
  for (auto& line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    if (separator == 0) separator = separator_of(line);
    auto& fields = lines.emplace_back(Line{number, {}}).fields;
    if (!fields_of_line(line, separator, fields) || fields.size() != 2 || fields[0].empty()) {
      throw InputError(format("%s:%zu", name.c_str(), number), "expected two fields: path and class",
                       "of a table with more columns keep these two");
    }
    fields[1] = without_blanks(std::move(fields[1]));  // in quotes, too: no two classes differ in these alone
  }
  for (size_t i = !lines.empty() && is_heading(lines, names_image) ? 1 : 0; i < lines.size(); ++i) {
    const std::string file = without_dot(lines[i].fields[0]);
    const auto& class_name = lines[i].fields[1];
    const auto [row, added] = rows_.emplace(file, Row{class_name, -1, lines[i].number});
    if (added) paths_.push_back(file);
    if (row->second.class_name != class_name) {
      throw InputError(format("%s:%zu", name.c_str(), lines[i].number),
                       "'" + printable(file) + "' is of class '" + printable(class_name) + "' here and of '" +
                           printable(row->second.class_name) + format("' in line %zu", row->second.line));
    }
  }
  if (rows_.empty()) throw InputError(name, "holds no labels", "expected lines: path,class");
  number_classes(name);
}

void LabelTable::number_classes(const std::string& name) {
  std::set<std::string> names;
  for (const auto& [path, row] : rows_) {
    if (!row.class_name.empty()) names.insert(row.class_name);
  }
  std::map<int64_t, std::string> numbers;
  for (const auto& class_name : names) {
    const auto value = whole_number(class_name);
    if (!value) continue;
    const auto [there, added] = numbers.emplace(*value, class_name);
    if (!added) {
      throw InputError(name, "the classes '" + there->second + "' and '" + class_name + "' are one number",
                       "write it in one way");
    }
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  if (numbers.size() == names.size()) {
    sorted.clear();
    for (const auto& [value, class_name] : numbers) sorted.push_back(class_name);
  }
  std::map<std::string, int64_t> places;
  for (const auto& class_name : sorted) {
    places[class_name] = static_cast<int64_t>(class_names_.size());
    class_names_.push_back(printable(class_name));
  }
  for (auto& [path, row] : rows_) {
    if (!row.class_name.empty()) row.label = places.at(row.class_name);
  }
}

bool LabelTable::is_called(const std::string& path, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return path == name || path == without_suffix(name); });
}

int64_t LabelTable::label(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    for (const auto& candidate : {name, without_suffix(name)}) {
      const auto found = rows_.find(candidate);
      if (found == rows_.end()) continue;
      found->second.used = true;
      return found->second.label;
    }
  }
  return -1;
}

std::vector<std::string> LabelTable::unused() const {
  std::vector<std::string> left;
  for (const auto& path : paths_) {
    if (!rows_.at(path).used) left.push_back(path);
  }
  return left;
}

}  // namespace directclr::data
