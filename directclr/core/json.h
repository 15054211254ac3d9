#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "directclr/core/error.h"

namespace directclr {

/// Text that is no JSON, or a value that is missing or of another kind than was asked for.
class JsonError : public Error {
 public:
  using Error::Error;
};

/// A JSON value: null, a boolean, a number, a string, an array or an object, whose members keep the order in which they
/// came. Whole numbers of 64 bits with or without sign stay whole. Only json.cpp knows the library that reads and
/// writes them, so that this header stays cheap to include.
class Json {
 public:
  struct Member;

  /// Null.
  Json();
  Json(std::nullptr_t);
  template <std::same_as<bool> T>
  Json(T value) : Json(Exactly{}, bool{value}) {}
  template <std::signed_integral T>
  Json(T value) : Json(Exactly{}, int64_t{value}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value) : Json(Exactly{}, uint64_t{value}) {}
  template <std::floating_point T>
  Json(T value) : Json(Exactly{}, static_cast<double>(value)) {}
  Json(const char* text);
  Json(std::string_view text);
  Json(std::string text);
  /// An array.
  template <class T>
  Json(const std::vector<T>& values) : Json(array()) {
    for (const auto& value : values) push_back(Json(static_cast<const T&>(value)));
  }
  /// An object, from a std::map of strings to what a value can be made of.
  template <class Map>
  requires std::same_as<typename Map::key_type, std::string> && requires { typename Map::mapped_type; }
  Json(const Map& values) : Json(object()) {
    for (const auto& [key, value] : values) (*this)[key] = Json(value);
  }
  /// {{"a", 1}, {"b", 2}} is an object, as is every list of pairs that begin with a string; of members of one name the
  /// first counts. Any other list is an array. Json{other} is an array of one; Json(other) is a copy.
  Json(std::initializer_list<Json> values);

  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  /// An array, whatever the values are.
  static Json array(std::initializer_list<Json> values = {});
  /// An object without members.
  static Json object();

  /// Reads a text in UTF-8. Of members of one name the last counts. Throws JsonError, which names line and column, when
  /// the text is no JSON or a number in it is too large for a double, and when arrays and objects lie more than
  /// kDeepest levels inside one another.
  static Json parse(std::string_view text);
  /// The same, and nothing where parse throws.
  static std::optional<Json> try_parse(std::string_view text);
  static constexpr int kDeepest = 1000;

  /// The text: on one line, or with `indent` from 0 on a line a value, each level indented by so many spaces. Numbers
  /// read back as they are; those that are not finite become null. A string that is no UTF-8, such as a file's name, is
  /// written as printable() shows it.
  std::string dump(int indent = -1) const;

  bool is_null() const;
  bool is_boolean() const;
  bool is_number() const;
  bool is_number_integer() const;  ///< whole, and written without point and exponent
  bool is_string() const;
  bool is_array() const;
  bool is_object() const;

  /// The value as bool, string, number, std::vector or std::map of strings to such. Throws JsonError when it is of
  /// another kind, and for integers also when it is not whole or out of range.
  template <class T>
  T get() const {
    T value{};
    read(value);
    return value;
  }
  /// get() of a member, `otherwise` without it. Throws JsonError as get does.
  template <class T>
  T value(std::string_view key, T otherwise) const {
    const Json* found = find(key);
    return found ? found->get<T>() : otherwise;
  }
  std::string value(std::string_view key, const char* otherwise) const { return value(key, std::string(otherwise)); }

  /// Of an array or object; null has none. Throws JsonError for others.
  size_t size() const;
  bool empty() const { return size() == 0; }

  /// A member. `at` and the constant [] throw JsonError when it is missing or this is no object; the other [] adds it
  /// as null and makes null an object.
  const Json& at(std::string_view key) const;
  const Json& operator[](std::string_view key) const { return at(key); }
  Json& operator[](std::string_view key);
  /// A member, or null without it; null for what is no object, too.
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  /// Takes a member away, if it is there. Throws JsonError when this is no object.
  void erase(std::string_view key);
  /// The members in their order, each with `key` and `value`; null has none. Throws JsonError for others. A loop over
  /// those of a temporary would outlive them.
  const std::vector<Member>& items() const&;
  const std::vector<Member>& items() const&& = delete;

  /// An element of an array. Throws JsonError when it is out of range or this is no array.
  const Json& at(size_t index) const;
  const Json& operator[](size_t index) const { return at(index); }
  Json& operator[](size_t index);
  const Json& back() const;
  /// Appends to an array; null becomes one. Throws JsonError for others.
  void push_back(Json value);
  /// The elements of an array; null has none. Throws JsonError for others.
  const Json* begin() const;
  const Json* end() const;

  /// Numbers are equal by value, whole or not; objects when they have equal members, in whatever order.
  friend bool operator==(const Json& a, const Json& b);

 private:
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;
  struct Exactly {};

  Json(Exactly, bool value);
  Json(Exactly, int64_t value);
  Json(Exactly, uint64_t value);
  Json(Exactly, double value);

  [[noreturn]] void refuse(const char* wanted) const;
  const Array& elements() const;
  void read(Json& out) const { out = *this; }
  void read(bool& out) const;
  void read(double& out) const;
  void read(std::string& out) const;
  int64_t whole(int64_t least, int64_t most) const;
  uint64_t whole(uint64_t most) const;
  template <std::integral T>
  void read(T& out) const {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::signed_integral<T>) {
      out = static_cast<T>(whole(Limits::min(), Limits::max()));
    } else {
      out = static_cast<T>(whole(Limits::max()));
    }
  }
  void read(float& out) const { out = static_cast<float>(get<double>()); }
  template <class T>
  void read(std::vector<T>& out) const {
    for (const Json& value : elements()) out.push_back(value.get<T>());
  }
  template <class Map>
  requires std::same_as<typename Map::key_type, std::string>
  void read(Map& out) const;

  // Of the whole numbers int64_t holds the negative ones alone.
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

/// A member of an object.
struct Json::Member {
  std::string key;
  Json value;

  bool operator==(const Member&) const = default;
};

template <class Map>
requires std::same_as<typename Map::key_type, std::string>
void Json::read(Map& out) const {
  if (!is_object()) refuse("an object");
  for (const auto& [key, value] : items()) out.insert_or_assign(key, value.template get<typename Map::mapped_type>());
}

}  // namespace directclr
