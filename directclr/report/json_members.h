#pragma once

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "directclr/core/json.h"

namespace directclr::report {

// A result type lists its members with their keys once, in a function that calls `visit(key, member)` for each; these
// two write them into an object and read them out of it.

struct MemberWriter {
  Json& object;
  template <class T>
  void operator()(const char* key, const T& value) const {
    object[key] = Json(value);
  }
  template <class T>
  void operator()(const char* key, const std::optional<T>& value) const {
    if (value) object[key] = Json(*value);
  }
};

/// Numbers that were not finite are null in files and not a number here. A member that is missing throws JsonError, or,
/// where `optional`, is not a number or stays as it is; one that is a std::optional may always be missing.
struct MemberReader {
  const Json& object;
  bool optional = false;

  void operator()(const char* key, double& value) const {
    const Json* found = member(key);
    value = found && !found->is_null() ? found->get<double>() : NAN;
  }
  void operator()(const char* key, std::vector<double>& values) const {
    const Json* found = member(key);
    if (!found) return;
    values.clear();
    for (const auto& value : *found) values.push_back(value.is_null() ? NAN : value.get<double>());
  }
  template <class T>
  void operator()(const char* key, T& value) const {
    if (const Json* found = member(key)) value = found->get<T>();
  }
  template <class T>
  void operator()(const char* key, std::optional<T>& value) const {
    if (const Json* found = object.find(key)) value = found->get<T>();
  }

 private:
  const Json* member(const char* key) const { return optional ? object.find(key) : &object.at(key); }
};

}  // namespace directclr::report
