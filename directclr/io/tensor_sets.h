#pragma once

#include <string>
#include <utility>
#include <vector>

#include "directclr/io/array_index.h"

namespace directclr::io {

/// Tensors of a file that stand at the same place of its samples or batches: the embeddings of a list of dictionaries.
struct TensorSet {
  std::string pattern;  ///< of their names, as matches() takes it: "*.emb" for "0.emb" and "1.emb"; of one its name
  std::vector<std::pair<std::string, ArraySpan>> tensors;
};

/// The sets that `tensors`, which are of the file of `index`, make: those whose keys are as many and differ in the one
/// place in which they differ most. Names without keys are one set.
std::vector<TensorSet> sets_of(const ArrayIndex& index, const std::vector<std::pair<std::string, ArraySpan>>& tensors);

/// Whether a name is one of those that a pattern of the shell names; its stars stand for anything.
bool matches(const std::string& pattern, const std::string& name);

/// Whether tensors of at least one axis fit one below the other: one type, and the same axes behind the first.
bool fit_below(const std::vector<std::pair<std::string, ArraySpan>>& tensors);

/// How to choose among sets, for messages: "choose one with --tensor: '*.emb', '*.proj'"; sets that fit together by
/// their pattern, the tensors of others by their names.
std::string hint_on_sets(const std::vector<TensorSet>& sets);

}  // namespace directclr::io
