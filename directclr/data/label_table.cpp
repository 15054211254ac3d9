#include "directclr/data/label_table.h"

#include <algorithm>
#include <map>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"

namespace directclr::data {
namespace {

// The fields of a line; false when a quoted one does not end, or goes on after its quote.
bool fields_of_line(std::string_view line, char separator, std::vector<std::string>& fields) {
  fields.assign(1, "");
  bool quoted = false, closed = false;
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
      fields.emplace_back();
      closed = false;
    } else if (c == '"' && fields.back().empty() && !closed) {
      quoted = true;
    } else if (closed) {
      return false;
    } else {
      fields.back() += c;
    }
  }
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

bool is_heading(const std::vector<std::string>& first, const std::vector<std::string>* second) {
  static const std::set<std::string> paths = {"path",     "file", "filename",   "file_name", "image",
                                              "image_id", "id",   "image_path", "file_path", "filepath",
                                              "name",     "img",  "image_name"};
  static const std::set<std::string> classes = {"class",    "label",    "labels",   "target",  "class_name",
                                                "category", "class_id", "label_id", "species", "breed"};
  if (paths.contains(lower(first[0])) || classes.contains(lower(first[1]))) return true;
  return second && !has_suffix(first[0]) && has_suffix((*second)[0]);
}

std::string without_dot(const std::string& path) { return path.starts_with("./") ? path.substr(2) : path; }

std::string without_suffix(const std::string& path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? path : path.substr(0, dot);
}

}  // namespace

LabelTable::LabelTable(const std::filesystem::path& path) {
  const std::string name = printable(path.string()), content = read_file(path);
  std::string_view text = content;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  struct Line {
    size_t number;
    std::vector<std::string> fields;
  };
  std::vector<Line> lines;
  char separator = 0;
  size_t number = 0;
  for (auto& line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    if (separator == 0) separator = separator_of(line);
    auto& fields = lines.emplace_back(Line{number, {}}).fields;
    if (!fields_of_line(line, separator, fields) || fields.size() != 2 || fields[0].empty()) {
      throw InputError(format("%s:%zu", name.c_str(), number), "expected two fields: path and class",
                       "of a table with more columns keep these two");
    }
  }
  size_t first = 0;
  if (!lines.empty() && is_heading(lines[0].fields, lines.size() > 1 ? &lines[1].fields : nullptr)) first = 1;
  for (size_t i = first; i < lines.size(); ++i) {
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
  number_classes();
}

void LabelTable::number_classes() {
  std::set<std::string> names;
  bool numbers = true;
  for (const auto& [path, row] : rows_) {
    if (row.class_name.empty()) continue;
    names.insert(row.class_name);
    int64_t value = 0;
    numbers = numbers && parse_int(row.class_name, value);
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  if (numbers) {
    std::stable_sort(sorted.begin(), sorted.end(), [](const std::string& a, const std::string& b) {
      int64_t x = 0, y = 0;
      parse_int(a, x);
      parse_int(b, y);
      return x < y;
    });
  }
  std::map<std::string, int64_t> places;
  for (const auto& name : sorted) {
    places[name] = static_cast<int64_t>(class_names_.size());
    class_names_.push_back(printable(name));
  }
  for (auto& [path, row] : rows_) {
    if (!row.class_name.empty()) row.label = places.at(row.class_name);
  }
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
