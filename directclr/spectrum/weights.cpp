#include "directclr/spectrum/weights.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/parallel.h"
#include "directclr/io/array_index.h"

namespace directclr::spectrum {

std::vector<WeightMatrix> read_weight_matrices(const std::filesystem::path& path, const std::string& prefix,
                                               io::WeightsRead* read) {
  std::vector<WeightMatrix> weights;
  const auto network = io::network_tensors(path.string(), io::read_array_index(path), prefix);
  if (read) *read = network.read;
  // Tensors may share their bytes, and compressed ones hold more than they take: neither without end.
  const uint64_t most = (uint64_t{1} << 30) + 64 * size_of_file(path);
  uint64_t bytes = 0;
  for (const auto& [name, span] : network.tensors) {
    if (span.shape.size() < 2 || !array::is_floating(span.type)) continue;
    int64_t places = 1;
    for (size_t d = 2; d < span.shape.size(); ++d) places *= span.shape[d];
    if (span.shape[0] < 2 || span.shape[1] * places < 2) continue;
    bytes += span.bytes().value_or(most);
    if (bytes > most) throw InputError(path.string(), "its tensors are many times as large as the file");
    weights.push_back({name, io::read_array(path, span).reshaped({span.shape[0], span.shape[1] * places}),
                       span.shape[1], places == 1});
  }
  return weights;
}

WeightSpectra weight_spectra(const std::vector<WeightMatrix>& weights, linalg::SvdMethod method,
                             const Context& context) {
  const auto meets_next = [&](size_t i) {
    return i + 1 < weights.size() && weights[i + 1].pointwise && weights[i + 1].inputs == weights[i].matrix.size(0);
  };
  WeightSpectra spectra;
  spectra.singular_values.resize(weights.size());
  std::vector<linalg::Svd> vectors(weights.size());  // of those that meet another: the side where they meet
  const auto look_at = [&](size_t i) {
    const bool left = meets_next(i), right = i > 0 && meets_next(i - 1);
    try {
      if (left || right) {
        vectors[i] = linalg::thin_svd(weights[i].matrix);
        spectra.singular_values[i] = vectors[i].sigma;
        if (!left) vectors[i].u = {};
        if (!right) vectors[i].v = {};
      }
      if (method == linalg::SvdMethod::kExact || spectra.singular_values[i].empty()) {
        spectra.singular_values[i] = linalg::singular_values(weights[i].matrix, method);
      }
    } catch (const NumericalError& error) {
      throw NumericalError("'" + weights[i].name + "': " + error.what());
    }
  };
  // Large matrices first: the last to end are then short.
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto work = [&](size_t i) {
    return weights[i].matrix.numel() * std::min(weights[i].matrix.size(0), weights[i].matrix.size(1));
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return work(a) > work(b); });
  run_in_parallel("singular values", "matrices", weights.size(), 0, context, [&](size_t at) { look_at(order[at]); });

  std::vector<std::optional<LayerAlignment>> alignments(weights.size());
  run_in_parallel("alignments", "matrices", weights.size(), 0, context, [&](size_t i) {
    if (meets_next(i)) alignments[i] = layer_alignment(vectors[i], vectors[i + 1]);
  });
  for (size_t i = 0; i < weights.size(); ++i) {
    if (alignments[i] && alignments[i]->distinct) spectra.pairs.push_back({i, i + 1, std::move(*alignments[i])});
  }
  return spectra;
}

}  // namespace directclr::spectrum
