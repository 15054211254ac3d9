#pragma once

#include <string>
#include <utility>
#include <vector>

#include "directclr/io/array_index.h"

namespace directclr::io {

/// The matrix of embeddings among the arrays of a file: its parts, one below the other.
struct ChosenMatrix {
  std::string name;  ///< for messages: "tensor 'features'", "the 500 vectors 'img0.jpg', ..": empty: all that there is
  std::vector<std::pair<std::string, ArraySpan>> parts;
  std::string passed_over;  ///< what else the file holds, where nothing was asked for by name: "'y' int64 (500)"
};

/// With `wanted`: the array of that name, whatever its type and shape, or the matrices of the list of that name.
/// Without: the only matrix of floating numbers; else the matrices of the only list of them, batches of as many
/// columns; else, if there are no matrices, the vectors, if all are of one length. An array without a name is
/// taken if its numbers are floating. Arrays of more axes count as matrices where there are no others, or where `pool`
/// says that they are to be made rows. Throws InputError, naming what there is, when that is none or several, for what
/// `wanted` names and arrays cannot hold, and for the weights of a network, unless `wanted` names one. `where` goes
/// into messages.
ChosenMatrix choose_matrix(const std::string& where, const ArrayIndex& index, const std::string& wanted, bool pool);

}  // namespace directclr::io
