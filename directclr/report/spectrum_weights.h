#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/json.h"
#include "directclr/core/progress.h"
#include "directclr/io/network_tensors.h"
#include "directclr/linalg/svd.h"
#include "directclr/report/finding.h"

namespace directclr::report {

/// The singular values of a checkpoint's matrices, as weights.json holds them (docs/formats.md).
struct WeightsResult {
  struct Matrix {
    std::string name;
    std::vector<int64_t> shape;
    double effective_rank_sigma = 0;
    double stable_rank = 0;
    int64_t below_1e_2 = 0;  ///< singular values below 1 % of the largest
    std::vector<double> singular_values;
  };
  /// How two adjacent matrices meet: spectrum/layer_alignment.h.
  struct Alignment {
    std::string first;
    std::string second;
    double leading_diagonal = 0;
    double off_diagonal = 0;
    double chance = 0;
    array::Array leading;  ///< |V2^T U1| of the leading vectors, for the figure; not in the file
  };
  std::string file;
  std::string method;
  std::vector<Matrix> matrices;
  std::vector<Alignment> alignments;
  std::vector<io::WeightsRead> read = {};  ///< of each file
};

/// Of the network under `prefix` in a checkpoint's file (io/network_tensors.h; empty: it finds the network), or of a
/// run directory's encoder and projector. Throws InputError when there is no matrix of floating numbers,
/// NumericalError, Interrupted.
WeightsResult measure_weights(const std::filesystem::path& input, const std::string& prefix, linalg::SvdMethod method,
                              const Context& context);

/// A member of result files: container, prefix, tensors, passed_over.
Json json_of(const io::WeightsRead& read);

/// The file's object, version 2: measures by name.
Json json_of(const WeightsResult& result);
/// The result that json_of made an object of. Throws JsonError.
WeightsResult read_weights_result(const Json& object);

/// Writes weights.json and heat maps of the alignments into `folder` (empty: nothing) and says what they hold.
Finding write_weights(const WeightsResult& result, const std::filesystem::path& folder);

}  // namespace directclr::report
