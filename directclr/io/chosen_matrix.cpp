#include "directclr/io/chosen_matrix.h"

#include <algorithm>
#include <optional>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/io/network_tensors.h"

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
  std::optional<std::string> common;
  for (const auto& [name, span] : matrices) {
    const auto place = place_in(list, name);
    if (!place || (common && after_number(*place) != *common)) return false;
    common = after_number(*place);
    const auto& first = matrices[0].second;
    if (!std::equal(span.shape.begin() + 1, span.shape.end(), first.shape.begin() + 1, first.shape.end())) return false;
    if (span.type != first.type) return false;
  }
  return true;
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
    if (!rows.empty() && (span.shape != rows[0].second.shape || span.type != rows[0].second.type)) return {};
    rows.emplace_back(name, span);
  }
  if (rows.size() < 2 || rows[0].second.shape[0] < 2) return {};
  return rows;
}

ChosenMatrix of_rows(std::vector<Named> rows) {
  ChosenMatrix chosen;
  chosen.name = format("the %zu vectors '%s', '%s', .. as its rows", rows.size(), rows[0].first.substr(0, 80).c_str(),
                       rows[1].first.substr(0, 80).c_str());
  for (auto& [name, span] : rows) {
    span.shape.insert(span.shape.begin(), 1);
    if (!span.strides.empty()) span.strides.insert(span.strides.begin(), 0);
    chosen.parts.emplace_back(std::move(name), std::move(span));
  }
  return chosen;
}

ChosenMatrix of_batches(std::vector<Named> batches) {
  const std::string first = batches.front().first, last = batches.back().first;
  return {format("the %zu matrices '%s' to '%s', one below the other", batches.size(), first.c_str(), last.c_str()),
          std::move(batches), ""};
}

// What the tensors of a list with this name make together, if anything.
std::optional<ChosenMatrix> of_list(const ArrayIndex& index, const std::string& list, bool pool) {
  if (std::find(index.lists.begin(), index.lists.end(), list) == index.lists.end()) return std::nullopt;
  ArrayIndex inside;
  for (const auto& array : index.arrays) {
    if (place_in(list, array.first)) inside.arrays.push_back(array);
  }
  auto matrices = matrices_of(inside, pool);
  if (matrices.size() > 1 && are_batches(list, matrices)) return of_batches(std::move(matrices));
  auto rows = rows_of(inside.arrays);
  if (matrices.empty() && !rows.empty()) return of_rows(std::move(rows));
  return std::nullopt;
}

ChosenMatrix named_matrix(const std::string& where, const ArrayIndex& index, const std::string& wanted, bool pool) {
  std::vector<std::string> names;
  for (const auto& array : index.arrays) {
    if (array.first == wanted) return {"tensor '" + wanted + "'", {array}, ""};
    names.push_back(array.first);
  }
  for (const auto& other : index.others) {
    if (other.name == wanted) throw InputError(where, "'" + wanted + "' is no matrix of numbers: " + other.what);
    names.push_back(other.name);
  }
  if (auto whole = of_list(index, wanted, pool)) return std::move(*whole);
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
  if (hint.empty()) hint = hint_on_objects(index.others);
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
  if (matrices.size() == 1) return {"tensor '" + matrices[0].first + "'", std::move(matrices), ""};
  if (matrices.size() > 1) {
    for (const auto& list : index.lists) {
      if (are_batches(list, matrices)) return of_batches(std::move(matrices));
    }
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min<size_t>(matrices.size(), 6); ++i) names.push_back(matrices[i].first);
    throw InputError(where, "holds several matrices", "choose one with --tensor: " + join(names) + ", ...");
  }
  auto rows = rows_of(index.arrays);
  for (const auto& list : index.lists) {
    const auto inside =
        std::ranges::count_if(rows, [&](const Named& row) { return place_in(list, row.first).has_value(); });
    if (inside == 0 || inside == std::ssize(rows)) continue;
    throw InputError(where, "holds vectors in a list, '" + list + "', and others beside it",
                     "--tensor " + list + " takes those of the list as rows");
  }
  if (rows.empty()) throw nothing_found(where, index);
  return of_rows(std::move(rows));
}

// All of the file but the parts that were chosen.
std::string rest_of(const ArrayIndex& index, const std::vector<Named>& parts) {
  std::set<std::string> chosen;
  for (const auto& [name, span] : parts) chosen.insert(name);
  std::vector<OtherContent> rest;
  for (const auto& [name, span] : index.arrays) {
    if (!chosen.contains(name)) rest.push_back({name, span.describe()});
  }
  rest.insert(rest.end(), index.others.begin(), index.others.end());
  return names_of(rest);
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
    return {"", index.arrays, names_of(index.others)};
  }
  if (!wanted.empty()) return named_matrix(where, index, wanted, pool);
  ChosenMatrix chosen = only_matrix(where, index, pool);
  chosen.passed_over = rest_of(index, chosen.parts);
  return chosen;
}

}  // namespace directclr::io
