#include "cli/engine/weights.h"

#include <ATen/ops/linalg_svdvals.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/tensor_index.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/layer_alignment.h"
#include "directclr/spectrum/metrics.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::cli {
namespace {

using nlohmann::ordered_json;

struct Weight {
  std::string name;
  at::Tensor matrix;       // (out, in), a convolution's with its places in the columns
  int64_t inputs = 0;      // channels
  bool pointwise = false;  // a linear map of channels: a matrix, or a 1 x 1 convolution
};

void read_into(std::vector<Weight>& weights, const std::filesystem::path& path) {
  for (const auto& [name, span] : io::read_tensor_index(path)) {
    if (span.shape.size() < 2 || !at::isFloatingType(span.type)) continue;
    int64_t places = 1;
    for (size_t d = 2; d < span.shape.size(); ++d) places *= span.shape[d];
    if (span.shape[0] < 2 || span.shape[1] * places < 2) continue;
    weights.push_back({name, io::read_tensor(path, span).flatten(1).to(at::kDouble), span.shape[1], places == 1});
  }
}

report::HeatMap heat_map(const Weight& first, const Weight& second, const at::Tensor& a) {
  constexpr int64_t kSide = 48;
  const at::Tensor corner = a.slice(0, 0, kSide).slice(1, 0, kSide);
  auto map = report::matrix_map("|V2^T U1|", "left vector of " + first.name, "right vector of " + second.name,
                                static_cast<size_t>(corner.size(1)), spectrum::values_of(corner));
  map.value_label = "|A|";
  map.high = 1;
  return map;
}

}  // namespace

void show_weights(const std::filesystem::path& input, const std::filesystem::path& out, Console& console) {
  std::vector<Weight> weights;
  if (std::filesystem::is_directory(input)) {
    read_into(weights, input / "encoder.safetensors");
    read_into(weights, input / "projector.safetensors");
  } else {
    read_into(weights, input);
  }
  if (weights.empty()) throw InputError(input.string(), "holds no matrix of floating numbers");

  std::string text = input.string() + ": singular values of " + std::to_string(weights.size()) + " matrices";
  ordered_json object = {{"version", 1},
                         {"file", input.string()},
                         {"matrices", ordered_json::array()},
                         {"alignments", ordered_json::array()}};
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto& w = weights[i];
    if (console.context().stop_requested()) throw Interrupted("stopped; nothing was written");
    const auto sigma = spectrum::values_of(at::linalg_svdvals(w.matrix));
    std::vector<double> squares(sigma);
    for (double& value : squares) value *= value;
    const double rank = spectrum::effective_rank(sigma), stable = spectrum::stable_rank(squares);
    const int64_t dead = spectrum::count_below(squares, 1e-4);
    text += format(
        "\n  %-36s %5lld x %-5lld  effective rank %.1f of %zu, stable rank %.1f, %lld below 1 %% of the "
        "largest %.3g",
        w.name.c_str(), static_cast<long long>(w.matrix.size(0)), static_cast<long long>(w.matrix.size(1)), rank,
        sigma.size(), stable, static_cast<long long>(dead), sigma[0]);
    object["matrices"].push_back({{"name", w.name},
                                  {"shape", {w.matrix.size(0), w.matrix.size(1)}},
                                  {"effective_rank_sigma", rank},
                                  {"stable_rank", stable},
                                  {"below_1e-2_of_largest", dead},
                                  {"singular_values", sigma}});
    console.context().progress({"singular values", i + 1, weights.size(), "matrices", i + 1, ""});
  }
  int drawn = 0;
  for (size_t i = 1; i < weights.size(); ++i) {
    const auto &first = weights[i - 1], &second = weights[i];
    if (!second.pointwise || second.inputs != first.matrix.size(0)) continue;
    const auto a = spectrum::layer_alignment(first.matrix, second.matrix);
    if (!a.distinct) continue;
    text += format(
        "\n  alignment of %s and %s: mean |A_kk| of the leading quarter %.3f, off the diagonal %.3f, random "
        "%.3f",
        first.name.c_str(), second.name.c_str(), a.leading_diagonal, a.off_diagonal, a.chance);
    object["alignments"].push_back({{"first", first.name},
                                    {"second", second.name},
                                    {"leading_diagonal", a.leading_diagonal},
                                    {"off_diagonal", a.off_diagonal},
                                    {"chance", a.chance}});
    if (!out.empty()) {
      report::write_figure(heat_map(first, second, a.matrix), out, format("alignment-%d", ++drawn));
    }
  }
  if (!object["alignments"].empty()) {
    text +=
        "\n  (of matrices that follow one another in the file and fit; what lies between them in the network, a "
        "normalisation or a ReLU, is not looked at)";
  }
  if (!out.empty()) {
    make_directories(out);
    write_file(out / "weights.json", object.dump(1) + "\n");
    text += "\n  wrote " + (out / "weights.json").string();
  }
  console.result(text, object.dump());
}

}  // namespace directclr::cli
