#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/core/json.h"

namespace directclr::data {

/// What was left out or is odd about what was read: how many of each kind, and one of them by name.
class Reading {
 public:
  struct Remark {
    std::string what;  ///< "hidden files"
    uint64_t count = 0;
    std::string first;  ///< printable; may be empty
  };

  /// Counts `count` more of a kind; the first call names the example. After forty kinds, "other things".
  void add(const std::string& what, const std::string& which, uint64_t count = 1);
  const std::vector<Remark>& remarks() const { return remarks_; }

  /// "hidden files: 12 (a/.x, ..), .txt files: 1 (b)", empty without remarks.
  std::string text() const;
  /// [{"what", "count", "first"}, ..]
  Json json() const;

 private:
  std::vector<Remark> remarks_;
};

class Source;

/// One line of what a source took: "read DATA: 36 images of 3 classes; hidden files: 1 (a/.x)". `part`: "training
/// images" or the like, may be empty.
std::string reading_line(const std::string& data, const std::string& part, const Source& source);
/// The same as an object: images, classes, unlabelled, left_out.
Json reading_json(const Source& source);

}  // namespace directclr::data
