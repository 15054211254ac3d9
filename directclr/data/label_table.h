#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

namespace directclr::data {

/// Labels of files from a table of two columns, path and class.
class LabelTable {
 public:
  /// Reads a file of lines "PATH,CLASS", separated by a comma, semicolon or tab, in double quotes where need be. The
  /// first line is a heading when it has a heading's words (path, file, image, id, ..; class, label, target, ..), or no
  /// suffix in its path where the next line has one. Classes are numbered in the order of their names, or, where all
  /// are whole numbers, of their values; an empty class is none. Throws InputError with the line for one that has not
  /// two fields, and for a path with two classes.
  explicit LabelTable(const std::filesystem::path& path);

  const std::vector<std::string>& class_names() const { return class_names_; }

  /// The class number of a file, -1 without one. `names`: what the table may call it, tried in order, each with and
  /// without its suffix.
  int64_t label(const std::vector<std::string>& names);

  /// Rows that no call of label() has asked for.
  std::vector<std::string> unused() const;
  const std::string& first_path() const { return paths_.front(); }

 private:
  struct Row {
    std::string class_name;
    int64_t label = -1;
    size_t line = 0;
    bool used = false;
  };
  void number_classes();

  std::unordered_map<std::string, Row> rows_;
  std::vector<std::string> paths_;  // in the file's order
  std::vector<std::string> class_names_;
};

}  // namespace directclr::data
