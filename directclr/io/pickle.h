#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace directclr::io {

/// A value of a pickle of Python. Containers are shared, as in Python: one may hold itself.
struct PickleValue {
  enum class Kind : uint8_t {
    kNothing,
    kMark,
    kInteger,  ///< truth values too
    kReal,
    kText,        ///< bytes too
    kSequence,    ///< list, tuple, set
    kDictionary,  ///< items: key, value, key, value
    kName,        ///< "module.name" of a class or a function
    kPersistent,  ///< something that the file holds elsewhere; `arguments` says what
    kObject       ///< what the class or function of this name would make of `arguments`, then `state` and `items`
  };
  Kind kind = Kind::kNothing;
  bool seen = false;  ///< for whoever walks over the values
  int64_t integer = 0;
  double real = 0;
  std::string_view text;  ///< of the text, or the name
  std::vector<PickleValue*> items;
  PickleValue* arguments = nullptr;
  PickleValue* state = nullptr;
};

/// What a pickle describes (protocols 0 to 5). A pickle is a program that makes objects; here nothing is ever executed:
/// an object is the name of its class and what it would be made of. Memory and time are proportional to the pickle.
class Pickle {
 public:
  /// `path` goes into messages. Throws InputError for a damaged pickle, and for one that would call what reaches out of
  /// Python when it is opened there (os.system, eval), which it names.
  Pickle(std::string program, std::string path);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  PickleValue& root() { return *root_; }
  /// Bytes of the pickle.
  size_t size() const { return program_.size(); }

 private:
  class Machine;
  std::string program_;
  std::string path_;
  std::deque<std::string> names_;  // texts that do not stand in the program
  std::deque<PickleValue> values_;
  PickleValue* root_ = nullptr;
};

}  // namespace directclr::io
