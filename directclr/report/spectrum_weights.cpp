#include "directclr/report/spectrum_weights.h"

#include <iterator>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/metrics.h"
#include "directclr/spectrum/weights.h"

namespace directclr::report {
namespace {

using array::Array;

std::vector<spectrum::WeightMatrix> matrices_of(const std::filesystem::path& input, const std::string& prefix,
                                                std::vector<io::WeightsRead>& read) {
  if (!std::filesystem::is_directory(input)) return spectrum::read_weight_matrices(input, prefix, &read.emplace_back());
  if (!prefix.empty()) throw InputError("--prefix", "is for files of weights", "a run has one network");
  std::vector<spectrum::WeightMatrix> weights;
  for (const char* file : {"encoder.safetensors", "projector.safetensors"}) {
    auto further = spectrum::read_weight_matrices(input / file, prefix, &read.emplace_back());
    std::move(further.begin(), further.end(), std::back_inserter(weights));
  }
  return weights;
}

Array leading_corner(const Array& a) {
  constexpr int64_t kSide = 48;
  return a.slice(0, kSide).transposed().slice(0, kSide).transposed();
}

HeatMap heat_map(const WeightsResult::Alignment& a) {
  auto map = matrix_map("|V2^T U1|", "left vector of " + a.first, "right vector of " + a.second,
                        static_cast<size_t>(a.leading.size(1)), array::to_doubles(a.leading));
  map.value_label = "|A|";
  map.high = 1;
  return map;
}

std::string text_of(const WeightsResult& result) {
  std::string text = result.file + ": singular values of " + std::to_string(result.matrices.size()) + " matrices";
  for (const auto& read : result.read) text += "\n  read " + read.text();
  for (const auto& m : result.matrices) {
    text += format(
        "\n  %-36s %5lld x %-5lld  effective-rank-sigma %.1f of %zu, stable-rank %.1f, dead-directions %lld (below 1 "
        "%% "
        "of the largest singular value, %.3g)",
        m.name.c_str(), static_cast<long long>(m.shape[0]), static_cast<long long>(m.shape[1]), m.effective_rank_sigma,
        m.singular_values.size(), m.stable_rank, static_cast<long long>(m.below_1e_2), m.singular_values[0]);
  }
  for (const auto& a : result.alignments) {
    text += format(
        "\n  alignment of %s and %s: mean |A_kk| of the leading quarter %.3f, off the diagonal %.3f, random "
        "%.3f",
        a.first.c_str(), a.second.c_str(), a.leading_diagonal, a.off_diagonal, a.chance);
  }
  if (!result.alignments.empty()) {
    text +=
        "\n  (of matrices that follow one another in the file and fit; what lies between them in the network, a "
        "normalisation or a ReLU, is not looked at)";
  }
  return text;
}

}  // namespace

Json json_of(const io::WeightsRead& read) {
  return {{"container", read.container},
          {"prefix", read.prefix},
          {"tensors", read.tensors},
          {"passed_over", read.passed_over}};
}

WeightsResult measure_weights(const std::filesystem::path& input, const std::string& prefix, linalg::SvdMethod method,
                              const Context& context) {
  WeightsResult result;
  const auto weights = matrices_of(input, prefix, result.read);
  if (weights.empty()) {
    throw InputError(
        input.string(), "holds no matrix of floating numbers: " + result.read[0].text(),
        result.read[0].passed_over.empty() ? "" : "torch.save(model.state_dict(), ...) saves tensors alone");
  }
  auto spectra = spectrum::weight_spectra(weights, method, context);
  result.file = input.string();
  result.method = method == linalg::SvdMethod::kExact ? "bidiagonalisation" : "eigenvalues of Gram matrices";
  for (size_t i = 0; i < weights.size(); ++i) {
    auto& sigma = spectra.singular_values[i];
    std::vector<double> squares(sigma);
    for (double& value : squares) value *= value;
    WeightsResult::Matrix& m = result.matrices.emplace_back();
    m.name = weights[i].name;
    m.shape = weights[i].matrix.shape();
    m.effective_rank_sigma = spectrum::effective_rank(sigma);
    m.stable_rank = spectrum::stable_rank(squares);
    m.below_1e_2 = spectrum::count_below(squares, 1e-4);
    m.singular_values = std::move(sigma);
  }
  for (const auto& [first, second, a] : spectra.pairs) {
    result.alignments.push_back({weights[first].name, weights[second].name, a.leading_diagonal, a.off_diagonal,
                                 a.chance, leading_corner(a.matrix)});
  }
  return result;
}

Json json_of(const WeightsResult& result) {
  Json object = {{"version", 2},
                 {"file", result.file},
                 {"read", Json::array()},
                 {"method", result.method},
                 {"matrices", Json::array()},
                 {"alignments", Json::array()}};
  for (const auto& read : result.read) object["read"].push_back(json_of(read));
  for (const auto& m : result.matrices) {
    object["matrices"].push_back({{"name", m.name},
                                  {"shape", m.shape},
                                  {"effective-rank-sigma", m.effective_rank_sigma},
                                  {"stable-rank", m.stable_rank},
                                  {"dead-directions", m.below_1e_2},
                                  {"singular_values", m.singular_values}});
  }
  for (const auto& a : result.alignments) {
    object["alignments"].push_back({{"first", a.first},
                                    {"second", a.second},
                                    {"leading_diagonal", a.leading_diagonal},
                                    {"off_diagonal", a.off_diagonal},
                                    {"chance", a.chance}});
  }
  return object;
}

WeightsResult read_weights_result(const Json& object) {
  WeightsResult result;
  result.file = object.at("file").get<std::string>();
  // Files of earlier versions do not say.
  if (object.contains("read")) {
    for (const auto& read : object.at("read")) {
      result.read.push_back({read.at("container").get<std::string>(), read.at("prefix").get<std::string>(),
                             read.at("tensors").get<int64_t>(),
                             read.at("passed_over").get<std::vector<std::string>>()});
    }
  }
  result.method = object.at("method").get<std::string>();
  for (const auto& m : object.at("matrices")) {
    const auto named = [&](const char* name, const char* formerly) {
      return m.contains(name) ? m.at(name) : m.at(formerly);
    };
    result.matrices.push_back({m.at("name").get<std::string>(), m.at("shape").get<std::vector<int64_t>>(),
                               named("effective-rank-sigma", "effective_rank_sigma").get<double>(),
                               named("stable-rank", "stable_rank").get<double>(),
                               named("dead-directions", "below_1e-2_of_largest").get<int64_t>(),
                               m.at("singular_values").get<std::vector<double>>()});
  }
  for (const auto& a : object.at("alignments")) {
    result.alignments.push_back({a.at("first").get<std::string>(),
                                 a.at("second").get<std::string>(),
                                 a.at("leading_diagonal").get<double>(),
                                 a.at("off_diagonal").get<double>(),
                                 a.at("chance").get<double>(),
                                 {}});
  }
  return result;
}

Finding write_weights(const WeightsResult& result, const std::filesystem::path& folder) {
  Finding finding{text_of(result), json_of(result)};
  if (folder.empty()) return finding;
  int drawn = 0;
  for (const auto& a : result.alignments) {
    if (a.leading.numel() > 0) write_figure(heat_map(a), folder, format("alignment-%d", ++drawn));
  }
  make_directories(folder);
  write_file(folder / "weights.json", finding.object.dump(1) + "\n");
  finding.text += "\n  wrote " + (folder / "weights.json").string();
  return finding;
}

}  // namespace directclr::report
