#include "directclr/io/tensor_sets.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>

#include "directclr/core/text.h"

namespace directclr::io {
namespace {

using Named = std::pair<std::string, ArraySpan>;
using Keys = std::vector<std::string>;

Keys keys_of(const ArrayIndex& index, const std::string& name) {
  const auto found = index.keys.find(name);
  return found == index.keys.end() ? Keys{name} : found->second;
}

// The place in which keys differ most; of several the first.
size_t place_of_samples(const std::vector<Keys>& all) {
  size_t most = 0, place = 0;
  for (size_t k = 0; k < all[0].size(); ++k) {
    std::set<std::string> different;
    for (const auto& keys : all) different.insert(keys[k]);
    if (different.size() > most) {
      most = different.size();
      place = k;
    }
  }
  return place;
}

// What a key holds of the signs of patterns stands for any letter.
std::string pattern_of(Keys keys, size_t star) {
  for (auto& key : keys)
    std::ranges::replace_if(
        key, [](char c) { return std::string_view("*?[\\").find(c) != std::string_view::npos; }, '?');
  keys[star] = "*";
  return join(keys, ".");
}

}  // namespace

std::vector<TensorSet> sets_of(const ArrayIndex& index, const std::vector<Named>& tensors) {
  std::map<size_t, std::vector<Keys>> by_depth;
  std::vector<Keys> all;
  for (const auto& [name, span] : tensors) {
    all.push_back(keys_of(index, name));
    by_depth[all.back().size()].push_back(all.back());
  }
  std::map<size_t, size_t> places;
  for (const auto& [depth, keys] : by_depth) places[depth] = place_of_samples(keys);
  std::vector<TensorSet> sets;
  std::map<std::pair<size_t, std::string>, size_t> known;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const size_t depth = all[i].size();
    const std::string pattern = pattern_of(all[i], places[depth]);
    const auto [entry, added] = known.emplace(std::pair(depth, pattern), sets.size());
    if (added) sets.push_back({pattern, {}});
    sets[entry->second].tensors.push_back(tensors[i]);
  }
  for (auto& set : sets) {
    if (set.tensors.size() == 1) set.pattern = set.tensors[0].first;
  }
  return sets;
}

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool fit_below(const std::vector<Named>& tensors) {
  const ArraySpan& first = tensors[0].second;
  return std::ranges::all_of(tensors, [&](const Named& tensor) {
    const ArraySpan& span = tensor.second;
    return std::string_view(span.type_name()) == first.type_name() &&
           std::equal(span.shape.begin() + 1, span.shape.end(), first.shape.begin() + 1, first.shape.end());
  });
}

std::string hint_on_sets(const std::vector<TensorSet>& sets) {
  constexpr size_t kMost = 6;
  std::vector<std::string> ways;
  size_t count = 0;
  const auto add = [&](const std::string& way) {
    if (count++ < kMost) ways.push_back(way);
  };
  for (const auto& set : sets) {
    if (set.tensors.size() > 1 && sets.size() > 1 && fit_below(set.tensors)) {
      add("'" + set.pattern + "'");
    } else {
      for (const auto& [name, span] : set.tensors) add(name);
    }
  }
  return "choose one with --tensor: " + join(ways) + (count > kMost ? ", ..." : "");
}

}  // namespace directclr::io
