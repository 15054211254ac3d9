#include "directclr/io/chosen_matrix.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/io/network_tensors.h"
#include "directclr/io/tensor_sets.h"

namespace directclr::io {
namespace {

using Named = std::pair<std::string, ArraySpan>;

std::string below(const std::string& list) { return list.empty() ? "" : list + "."; }

// "7.features" for "batches.7.features" of the list "batches"; nothing for what is not in it.
std::optional<std::string> place_in(const std::string& list, const std::string& name) {
  const std::string prefix = below(list);
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string rest = name.substr(prefix.size());
  int64_t number = 0;
  if (!parse_int(rest.substr(0, rest.find('.')), number)) return std::nullopt;
  return rest;
}

std::string after_number(const std::string& place) {
  const size_t dot = place.find('.');
  return dot == std::string::npos ? "" : place.substr(dot);
}

// Whether all are in the list, at the same place of each of its parts, and fit one below the other.
bool are_batches(const std::string& list, const std::vector<Named>& matrices) {
  const auto first = place_in(list, matrices[0].first);
  return first && fit_below(matrices) && std::ranges::all_of(matrices, [&](const Named& matrix) {
           const auto place = place_in(list, matrix.first);
           return place && after_number(*place) == after_number(*first);
         });
}

// Of floating numbers; arrays of more axes where there is nothing else, or where they are to be pooled.
std::vector<Named> matrices_of(const ArrayIndex& index, bool pool) {
  std::vector<Named> matrices, further;
  for (const auto& array : index.arrays) {
    if (!array::is_floating(array.second.type)) continue;
    if (array.second.shape.size() == 2 || (pool && array.second.shape.size() > 2)) matrices.push_back(array);
    if (array.second.shape.size() > 2) further.push_back(array);
  }
  return matrices.empty() ? further : matrices;
}

// Floating vectors, if there are several and all have one length and type: rows.
std::vector<Named> rows_of(const std::vector<Named>& arrays) {
  std::vector<Named> rows;
  for (const auto& [name, span] : arrays) {
    if (!array::is_floating(span.type) || span.shape.size() != 1) continue;
    if (!rows.empty() && (span.shape != rows[0].second.shape || !fit_below({rows[0], {name, span}}))) return {};
    rows.emplace_back(name, span);
  }
  if (rows.size() < 2 || rows[0].second.shape[0] < 2) return {};
  return rows;
}

ChosenMatrix of_rows(const std::string& source, std::vector<Named> rows) {
  for (auto& [name, span] : rows) span.add_leading_axis();
  return {ChosenMatrix::Kind::kVectors, source, std::move(rows), {}};
}

// "outputs.*.0" for "outputs.7.0": a file of several batches may stand beside one of a single batch.
std::string source_of(const ArrayIndex& index, const std::string& name) {
  const std::string* outermost = nullptr;
  for (const auto& list : index.lists) {
    if (place_in(list, name) && (!outermost || list.size() < outermost->size())) outermost = &list;
  }
  return outermost ? below(*outermost) + "*" + after_number(*place_in(*outermost, name)) : name;
}

// Matrices that fit one below the other.
ChosenMatrix of_matrices(const std::string& source, std::vector<Named> matrices) {
  const auto kind = matrices.size() == 1 ? ChosenMatrix::Kind::kArray : ChosenMatrix::Kind::kBatches;
  return {kind, source, std::move(matrices), {}};
}

InputError several(const std::string& where, const ArrayIndex& index, const std::vector<Named>& tensors) {
  const bool vectors = tensors[0].second.shape.size() == 1;
  return {where, vectors ? "holds several sets of vectors of one length" : "holds several matrices",
          hint_on_sets(sets_of(index, tensors))};
}

// All of the file but the parts that were chosen.
std::vector<OtherContent> rest_of(const ArrayIndex& index, const std::vector<Named>& parts) {
  std::set<std::string> chosen;
  for (const auto& [name, span] : parts) chosen.insert(name);
  std::vector<OtherContent> rest;
  for (const auto& [name, span] : index.arrays) {
    if (!chosen.contains(name)) rest.push_back({name, span.describe()});
  }
  rest.insert(rest.end(), index.others.begin(), index.others.end());
  return rest;
}

// What of a file has names that `is_in` says to be in a list.
template <class IsIn>
ArrayIndex part_of(const ArrayIndex& index, const IsIn& is_in) {
  ArrayIndex inside;
  std::ranges::copy_if(index.arrays, std::back_inserter(inside.arrays), is_in, &Named::first);
  std::ranges::copy_if(index.others, std::back_inserter(inside.others), is_in, &OtherContent::name);
  inside.lists = index.lists;
  inside.keys = index.keys;
  return inside;
}

// What the tensors of a list with this name make together, if there is one.
std::optional<ChosenMatrix> of_list(const std::string& where, const ArrayIndex& index, const std::string& list,
                                    bool pool) {
  if (std::ranges::find(index.lists, list) == index.lists.end()) return std::nullopt;
  const ArrayIndex inside = part_of(index, [&](const std::string& name) { return place_in(list, name).has_value(); });
  auto matrices = matrices_of(inside, pool);
  auto rows = rows_of(inside.arrays);
  std::optional<ChosenMatrix> chosen;
  if (!matrices.empty()) {
    if (!are_batches(list, matrices)) throw several(where, inside, matrices);
    chosen = of_matrices(list, std::move(matrices));
  } else if (!rows.empty()) {
    if (sets_of(inside, rows).size() > 1) throw several(where, inside, rows);
    chosen = of_rows(list, std::move(rows));
  }
  if (chosen) chosen->passed_over = rest_of(inside, chosen->parts);
  return chosen;
}

// What the tensors whose names a pattern names make together, if anything.
std::optional<ChosenMatrix> of_pattern(const ArrayIndex& index, const std::string& pattern, bool pool) {
  const ArrayIndex inside = part_of(index, [&](const std::string& name) { return matches(pattern, name); });
  auto matrices = matrices_of(inside, pool);
  auto rows = rows_of(inside.arrays);
  std::optional<ChosenMatrix> chosen;
  if (!matrices.empty() && fit_below(matrices)) {
    chosen = of_matrices(pattern, std::move(matrices));
  } else if (matrices.empty() && !rows.empty()) {
    chosen = of_rows(pattern, std::move(rows));
  }
  if (chosen) chosen->passed_over = rest_of(inside, chosen->parts);
  return chosen;
}

ChosenMatrix named_matrix(const std::string& where, const ArrayIndex& index, const std::string& wanted, bool pool) {
  std::vector<std::string> names;
  for (const auto& array : index.arrays) {
    if (array.first == wanted) return {ChosenMatrix::Kind::kArray, wanted, {array}, {}};
    names.push_back(array.first);
  }
  for (const auto& other : index.others) {
    if (other.name == wanted)
      throw InputError(where, "'" + wanted + "' is no matrix of numbers: " + other.what, hint_on({other}));
    names.push_back(other.name);
  }
  if (auto whole = of_list(where, index, wanted, pool)) return std::move(*whole);
  if (wanted.find('*') != std::string::npos) {
    if (auto whole = of_pattern(index, wanted, pool)) return std::move(*whole);
    throw InputError(where, "the tensors named '" + wanted + "' are no floating matrices or vectors that fit together");
  }
  const std::string near = nearest(wanted, names);
  throw InputError(where, "there is no tensor '" + wanted + "'", near.empty() ? "" : "did you mean '" + near + "'?");
}

// What is there, where no matrix is.
InputError nothing_found(const std::string& where, const ArrayIndex& index) {
  std::vector<OtherContent> all;
  std::string hint;
  for (const auto& [name, span] : index.arrays) {
    all.push_back({name, span.describe()});
    if (span.shape.size() == 2 && hint.empty()) hint = "--tensor " + name + " reads integers";
  }
  all.insert(all.end(), index.others.begin(), index.others.end());
  if (hint.empty()) hint = hint_on(index.others);
  return {where, "holds no matrix of floating numbers" + (all.empty() ? "" : ", but " + names_of(all)), hint};
}

// The matrix where nothing is asked for by name.
ChosenMatrix only_matrix(const std::string& where, const ArrayIndex& index, bool pool) {
  const std::string parameter = parameter_of_network(index);
  if (!parameter.empty()) {
    throw InputError(
        where,
        format("holds the weights of a network (%zu tensors, '%s' among them), not embeddings", index.arrays.size(),
               parameter.c_str()),
        "singular values of its matrices: --weights; what it does to images: directclr explain; embeddings "
        "of a run's images: directclr embed; one matrix as if its rows were embeddings: --tensor NAME");
  }
  auto matrices = matrices_of(index, pool);
  if (!matrices.empty()) {
    const std::string source = source_of(index, matrices[0].first);
    const auto in_list = [&](const std::string& list) { return are_batches(list, matrices); };
    if (matrices.size() > 1 && std::ranges::none_of(index.lists, in_list)) throw several(where, index, matrices);
    return of_matrices(source, std::move(matrices));
  }
  auto rows = rows_of(index.arrays);
  if (rows.empty()) throw nothing_found(where, index);
  const auto sets = sets_of(index, rows);
  for (const auto& list : index.lists) {
    const auto is_list = [&](const TensorSet& set) { return set.pattern == below(list) + "*"; };
    if (list.empty() || sets.size() == 1 || std::ranges::none_of(sets, is_list)) continue;
    throw InputError(where, "holds vectors in a list, '" + list + "', and others beside it",
                     "--tensor " + list + " takes those of the list as rows, --tensor '*' all vectors");
  }
  if (sets.size() > 1) throw several(where, index, rows);
  return of_rows(sets[0].pattern, std::move(rows));
}

}  // namespace

ChosenMatrix choose_matrix(const std::string& where, const ArrayIndex& index, const std::string& wanted, bool pool) {
  if (index.arrays.size() == 1 && index.arrays[0].first.empty()) {
    if (!wanted.empty()) throw InputError("--tensor", where + " holds one array without a name");
    const ArraySpan& span = index.arrays[0].second;
    if (!array::is_floating(span.type)) {
      throw InputError(
          where, "expected an (N, D) matrix of floating numbers, got " + span.describe(),
          "integers are often labels: they are read by name alone, numpy.savez(f, x=array) and --tensor x");
    }
    return {ChosenMatrix::Kind::kArray, "", index.arrays, index.others};
  }
  if (!wanted.empty()) return named_matrix(where, index, wanted, pool);
  ChosenMatrix chosen = only_matrix(where, index, pool);
  chosen.passed_over = rest_of(index, chosen.parts);
  return chosen;
}

}  // namespace directclr::io
