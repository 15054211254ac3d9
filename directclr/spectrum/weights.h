#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"
#include "directclr/io/network_tensors.h"
#include "directclr/linalg/svd.h"
#include "directclr/spectrum/layer_alignment.h"

namespace directclr::spectrum {

/// A matrix of a network: a linear layer's weights, or a convolution's with its channels and places in the columns.
struct WeightMatrix {
  std::string name;
  array::Array matrix;     ///< (outputs, inputs x places)
  int64_t inputs = 0;      ///< channels
  bool pointwise = false;  ///< a linear map of channels: a matrix, or a 1 x 1 convolution
};

/// The matrices of the network in a checkpoint (any file of io/array_index.h), in its order: floating, with at least
/// two rows and two columns. io/network_tensors.h says which network, and what `prefix` and `read` (may be null) are.
/// Throws InputError for what cannot be read, or holds tensors that repeat the same bytes many times over.
std::vector<WeightMatrix> read_weight_matrices(const std::filesystem::path& path, const std::string& prefix = {},
                                               io::WeightsRead* read = nullptr);

/// What is seen of weights.
struct WeightSpectra {
  std::vector<std::vector<double>> singular_values;  ///< of each matrix, descending
  /// Matrices that follow one another, of which the second maps the channels that the first gives, where both have
  /// distinct singular values. What lies between them in the network, a normalisation or a ReLU, is not looked at.
  struct Pair {
    size_t first, second;  ///< indices
    LayerAlignment alignment;
  };
  std::vector<Pair> pairs;
};
/// Matrices side by side on all threads. `method` is of the singular values; vectors come from Gram matrices.
/// Throws NumericalError naming the matrix when a value is not finite, Interrupted.
WeightSpectra weight_spectra(const std::vector<WeightMatrix>& weights, linalg::SvdMethod method,
                             const Context& context = {});

}  // namespace directclr::spectrum
