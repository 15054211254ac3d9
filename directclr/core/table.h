#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr {

/// All things of one kind, each an `Entry` with a `name`: losses, projectors, measures, kinds of data, .. What a
/// program says of them (choices, help, documentation, costs) is made from the table, so that a new one is one more
/// entry.
template <class Entry>
class Table {
 public:
  /// `what` is where an unknown name stands in an error: the option, "--loss".
  Table(std::string what, std::vector<Entry> entries) : what_(std::move(what)), entries_(std::move(entries)) {}

  /// The entry of that name. Throws InputError naming the nearest and all that are allowed.
  const Entry& at(std::string_view name) const {
    for (const auto& entry : entries_) {
      if (entry.name == name) return entry;
    }
    const std::string near = nearest(name, names());
    throw InputError(what_, "'" + std::string(name) + "' is not known",
                     (near.empty() ? "" : "did you mean '" + near + "'? ") + "allowed: " + join(names(), " | "));
  }

  /// In the table's order, which is that of help texts.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : entries_) all.emplace_back(entry.name);
    return all;
  }

  /// "infonce: negatives are ..; ntxent: ..": the entries' `help`, for an option's description.
  std::string help() const {
    std::vector<std::string> all;
    for (const auto& entry : entries_) all.push_back(std::string(entry.name) + ": " + std::string(entry.help));
    return join(all, "; ");
  }

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }

 private:
  std::string what_;
  std::vector<Entry> entries_;
};

}  // namespace directclr
