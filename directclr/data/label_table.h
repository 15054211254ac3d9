#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace directclr::data {

/// Labels of files from a table of two columns, path and class.
class LabelTable {
 public:
  /// Reads a file of lines "PATH,CLASS", separated by a comma, semicolon or tab, in double quotes where need be; blanks
  /// around a cell do not count. The first line is a heading when it has a heading's words in both cells (path, file,
  /// image, id, ..; class, label, target, ..); and when its class is no other line's, its path names no image
  /// (`names_image`) and is not called like one, and it has one such word or no suffix in its path. Classes are
  /// numbered in the order of their names, or, where all are whole numbers, of their values; an empty class is none.
  /// Throws InputError with the line for one that has not two fields, for a path with two classes, and for a number
  /// written in two ways.
  LabelTable(const std::filesystem::path& path, const std::function<bool(const std::string& path)>& names_image);

  /// Whether a row's path means the file of these names: one of them, with or without its suffix.
  static bool is_called(const std::string& path, const std::vector<std::string>& names);

  const std::vector<std::string>& class_names() const { return class_names_; }

  /// The class number of a file, -1 without one. `names`: what the table may call it, tried in order, each with and
  /// without its suffix.
  int64_t label(const std::vector<std::string>& names);

  /// Rows that no call of label() has asked for.
  std::vector<std::string> unused() const;
  const std::string& first_path() const { return paths_.front(); }
  /// The first line, "PATH,CLASS", where it was taken for a heading by its class alone; else empty.
  const std::string& guessed_heading() const { return guessed_heading_; }

 private:
  struct Row {
    std::string class_name;
    int64_t label = -1;
    size_t line = 0;
    bool used = false;
  };
  struct Line;
  bool is_heading(const std::vector<Line>& lines, const std::function<bool(const std::string&)>& names_image);
  void number_classes(const std::string& name);

  std::unordered_map<std::string, Row> rows_;
  std::vector<std::string> paths_;  // in the file's order
  std::vector<std::string> class_names_;
  std::string guessed_heading_;
};

}  // namespace directclr::data
