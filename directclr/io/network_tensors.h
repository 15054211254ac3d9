#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/io/array_index.h"

namespace directclr::io {

/// What was taken from a file of weights, and what was not.
struct WeightsRead {
  std::string container;  ///< "a file of torch.save"
  std::string prefix;     ///< that the names of all tensors taken begin with: "state_dict.module.encoder_q."
  int64_t tensors = 0;
  std::vector<std::string> passed_over;  ///< a sentence each

  /// In one line.
  std::string text() const;
};

/// The tensors of one network.
struct NetworkTensors {
  std::vector<std::pair<std::string, ArraySpan>> tensors;  ///< by their whole names, in the file's order
  WeightsRead read;
};

/// Finds a network's tensors in a checkpoint, the same way in every container. Passed over are the state of an
/// optimiser, queues of embeddings, and of two networks of the same tensors the one that follows the other: MoCo's
/// encoder_k, a teacher, a target or momentum encoder, an average (ema). `first`: a tensor that the network has
/// ("conv1.weight"): only tensors under the prefix that stands before it are taken, the shortest if there are several;
/// empty: all are. `prefix`: take what is under this one ("module.encoder_k", or its end "encoder_k"), whatever it is;
/// empty: as above. Throws InputError when there is no `first`, or nothing under the prefix. `where` goes into
/// messages.
NetworkTensors network_tensors(const std::string& where, const ArrayIndex& index, const std::string& prefix = {},
                               const std::string& first = {});

/// Of a file that holds the weights of a network, told by their names and shapes, one of them; "" of any other file.
std::string parameter_of_network(const ArrayIndex& index);

}  // namespace directclr::io
