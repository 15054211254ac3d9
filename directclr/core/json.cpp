#include "directclr/core/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "directclr/core/printable.h"

namespace directclr {
namespace {

using nlohmann::ordered_json;

// Builds a value from what the parser comes across. A container is finished before it goes into the one around it.
class Builder : public nlohmann::json_sax<ordered_json> {
 public:
  Json root;

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not in texts
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    keys_.push_back(std::move(name));
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    throw JsonError(error.what());
  }

 private:
  bool open(Json container) {
    if (open_.size() == Json::kDeepest) {
      throw JsonError("nested more than " + std::to_string(Json::kDeepest) + " levels deep");
    }
    open_.push_back(std::move(container));
    return true;
  }
  bool close() {
    Json done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done));
  }
  bool add(Json value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().is_array()) {
      open_.back().push_back(std::move(value));
    } else {
      open_.back()[keys_.back()] = std::move(value);
      keys_.pop_back();
    }
    return true;
  }

  std::vector<Json> open_;         // from the outermost inwards
  std::vector<std::string> keys_;  // of the members that are being read
};

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

Json::Json() = default;
Json::Json(std::nullptr_t) {}
Json::Json(Exactly, bool value) : value_(value) {}
Json::Json(Exactly, int64_t value) : value_(value) {
  if (value >= 0) value_ = static_cast<uint64_t>(value);
}
Json::Json(Exactly, uint64_t value) : value_(value) {}
Json::Json(Exactly, double value) : value_(value) {}
Json::Json(const char* text) : value_(std::string(text)) {}
Json::Json(std::string_view text) : value_(std::string(text)) {}
Json::Json(std::string text) : value_(std::move(text)) {}
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json::Json(std::initializer_list<Json> values) {
  const bool pairs = std::all_of(values.begin(), values.end(), [](const Json& value) {
    const auto* pair = std::get_if<Array>(&value.value_);
    return pair && pair->size() == 2 && (*pair)[0].is_string();
  });
  if (!pairs) {
    value_ = Array(values);
    return;
  }
  Object members;
  for (const Json& pair : values) {
    const auto& key = std::get<std::string>(pair[0].value_);
    const auto named = [&](const Member& member) { return member.key == key; };
    if (std::none_of(members.begin(), members.end(), named)) members.push_back({key, pair[1]});
  }
  value_ = std::move(members);
}

Json Json::array(std::initializer_list<Json> values) {
  Json result;
  result.value_ = Array(values);
  return result;
}

Json Json::object() {
  Json result;
  result.value_ = Object();
  return result;
}

Json Json::parse(std::string_view text) {
  Builder builder;
  ordered_json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder.root);
}

std::optional<Json> Json::try_parse(std::string_view text) {
  try {
    return parse(text);
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

std::string Json::dump(int indent) const {
  struct Converter {
    static ordered_json of(const Json& json) {
      return std::visit(Overloaded{[](std::monostate) { return ordered_json(); },
                                   [](const Array& values) {
                                     auto result = ordered_json::array();
                                     for (const Json& value : values) result.push_back(of(value));
                                     return result;
                                   },
                                   [](const Object& members) {
                                     auto result = ordered_json::object();
                                     auto& pairs = result.get_ref<ordered_json::object_t&>();
                                     for (const Member& member : members) {
                                       pairs.emplace_back(text_of(member.key), of(member.value));
                                     }
                                     return result;
                                   },
                                   [](const std::string& text) { return ordered_json(text_of(text)); },
                                   [](const auto& value) { return ordered_json(value); }},
                        json.value_);
    }
    static std::string text_of(const std::string& text) { return is_utf8(text) ? text : printable(text); }
  };
  return Converter::of(*this).dump(indent);
}

bool Json::is_null() const { return std::holds_alternative<std::monostate>(value_); }
bool Json::is_boolean() const { return std::holds_alternative<bool>(value_); }
bool Json::is_number() const { return is_number_integer() || std::holds_alternative<double>(value_); }
bool Json::is_number_integer() const {
  return std::holds_alternative<int64_t>(value_) || std::holds_alternative<uint64_t>(value_);
}
bool Json::is_string() const { return std::holds_alternative<std::string>(value_); }
bool Json::is_array() const { return std::holds_alternative<Array>(value_); }
bool Json::is_object() const { return std::holds_alternative<Object>(value_); }

void Json::refuse(const char* wanted) const {
  const char* found = is_null()      ? "null"
                      : is_boolean() ? "a boolean"
                      : is_number()  ? "a number"
                      : is_string()  ? "a string"
                      : is_array()   ? "an array"
                                     : "an object";
  throw JsonError(std::string("expected ") + wanted + ", found " + found);
}

const Json::Array& Json::elements() const {
  if (!is_array()) refuse("an array");
  return std::get<Array>(value_);
}

void Json::read(bool& out) const {
  if (!is_boolean()) refuse("a boolean");
  out = std::get<bool>(value_);
}

void Json::read(double& out) const {
  if (const auto* real = std::get_if<double>(&value_)) {
    out = *real;
  } else if (const auto* integer = std::get_if<int64_t>(&value_)) {
    out = static_cast<double>(*integer);
  } else if (const auto* natural = std::get_if<uint64_t>(&value_)) {
    out = static_cast<double>(*natural);
  } else {
    refuse("a number");
  }
}

void Json::read(std::string& out) const {
  if (!is_string()) refuse("a string");
  out = std::get<std::string>(value_);
}

int64_t Json::whole(int64_t least, int64_t most) const {
  std::optional<int64_t> found;
  if (const auto* negative = std::get_if<int64_t>(&value_)) {
    found = *negative;
  } else if (const auto* natural = std::get_if<uint64_t>(&value_)) {
    if (std::in_range<int64_t>(*natural)) found = static_cast<int64_t>(*natural);
  } else {
    const double real = get<double>();
    if (std::trunc(real) == real && real >= -0x1p63 && real < 0x1p63) found = static_cast<int64_t>(real);
  }
  if (!found || *found < least || *found > most) {
    throw JsonError(dump() + " is no whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return *found;
}

uint64_t Json::whole(uint64_t most) const {
  std::optional<uint64_t> found;
  if (const auto* natural = std::get_if<uint64_t>(&value_)) {
    found = *natural;
  } else {
    const double real = get<double>();
    if (std::trunc(real) == real && real >= 0 && real < 0x1p64) found = static_cast<uint64_t>(real);
  }
  if (!found || *found > most) throw JsonError(dump() + " is no whole number from 0 to " + std::to_string(most));
  return *found;
}

size_t Json::size() const {
  if (is_null()) return 0;
  return is_object() ? std::get<Object>(value_).size() : elements().size();
}

const Json* Json::find(std::string_view key) const {
  const auto* members = std::get_if<Object>(&value_);
  if (!members) return nullptr;
  const auto found =
      std::find_if(members->begin(), members->end(), [&](const Member& member) { return member.key == key; });
  return found == members->end() ? nullptr : &found->value;
}

const Json& Json::at(std::string_view key) const {
  if (!is_object()) refuse(("an object with '" + std::string(key) + "'").c_str());
  const Json* found = find(key);
  if (!found) throw JsonError("key '" + std::string(key) + "' not found");
  return *found;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object();
  if (!is_object()) refuse(("an object with '" + std::string(key) + "'").c_str());
  if (const Json* found = find(key)) return const_cast<Json&>(*found);
  return std::get<Object>(value_).emplace_back(Member{std::string(key), Json()}).value;
}

void Json::erase(std::string_view key) {
  if (!is_object()) refuse("an object");
  std::erase_if(std::get<Object>(value_), [&](const Member& member) { return member.key == key; });
}

const std::vector<Json::Member>& Json::items() const& {
  static const Object none;
  if (is_null()) return none;
  if (!is_object()) refuse("an object");
  return std::get<Object>(value_);
}

const Json& Json::at(size_t index) const {
  const Array& values = elements();
  if (index >= values.size()) {
    throw JsonError("array index " + std::to_string(index) + " is out of range: " + std::to_string(values.size()) +
                    " elements");
  }
  return values[index];
}

Json& Json::operator[](size_t index) { return const_cast<Json&>(at(index)); }

const Json& Json::back() const { return at(elements().size() - 1); }

void Json::push_back(Json value) {
  if (is_null()) value_ = Array();
  if (!is_array()) refuse("an array");
  std::get<Array>(value_).push_back(std::move(value));
}

const Json* Json::begin() const { return is_null() ? nullptr : elements().data(); }
const Json* Json::end() const { return is_null() ? nullptr : elements().data() + elements().size(); }

bool operator==(const Json& a, const Json& b) {
  const bool whole = a.is_number_integer() && b.is_number_integer();
  if (a.is_number() && b.is_number() && !whole) return a.get<double>() == b.get<double>();
  if (!a.is_object() || !b.is_object()) return a.value_ == b.value_;
  const auto& members = a.items();
  return members.size() == b.size() && std::all_of(members.begin(), members.end(), [&](const Json::Member& member) {
           const Json* other = b.find(member.key);
           return other && *other == member.value;
         });
}

}  // namespace directclr
