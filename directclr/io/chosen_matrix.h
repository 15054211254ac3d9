#pragma once

#include <string>
#include <utility>
#include <vector>

#include "directclr/io/array_index.h"

namespace directclr::io {

/// The matrix of embeddings among the arrays of a file: its parts, one below the other.
struct ChosenMatrix {
  enum class Kind {
    kArray,    ///< one array
    kBatches,  ///< several matrices
    kVectors,  ///< vectors, each a row
    kSamples   ///< of an archive of samples the arrays with the extension `source`
  };
  Kind kind = Kind::kArray;
  /// What is the same in every file that holds a part of one matrix: "features", "outputs.*.0"; empty: it has no name.
  std::string source;
  std::vector<std::pair<std::string, ArraySpan>> parts;
  /// What else the file holds, or the list that was asked for by name.
  std::vector<OtherContent> passed_over;
};

/// With `wanted`: the array of that name, whatever its type and shape; or the matrices or vectors of the list of that
/// name, or those whose names a pattern with stars names. Without: the only matrix of floating numbers; else the
/// matrices of the only list of them, batches of as many columns; else, if there are no matrices, the vectors, if all
/// are of one length and make one set (io/tensor_sets.h). An array without a name is taken if its numbers are floating.
/// Arrays of more axes count as matrices where there are no others, or where `pool` says that they are to be made rows.
/// Throws InputError, naming what there is, when that is none or several, for what `wanted` names and arrays cannot
/// hold, and for the weights of a network, unless `wanted` names one. `where` goes into messages.
ChosenMatrix choose_matrix(const std::string& where, const ArrayIndex& index, const std::string& wanted, bool pool);

}  // namespace directclr::io
