#include "directclr/report/spectrum_result.h"

#include <algorithm>
#include <utility>

#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/measures.h"

namespace directclr::report {

using spectrum::SpectrumSummary;

SpectrumResult read_spectrum_result(const Json& object) {
  SpectrumResult s;
  s.values = object.at("singular_values").get<std::vector<double>>();
  s.effective_rank_sigma = object.at("effective_rank_sigma").get<double>();
  s.effective_rank_lambda = object.at("effective_rank_lambda").get<double>();
  s.below_1e_4 = object.at("below_1e-4_of_largest").get<int64_t>();
  s.dimensions = object.at("dimensions").get<int64_t>();
  const Json& protocol = object.at("protocol");
  s.samples = protocol.at("samples").get<int64_t>();
  s.l2_normalized = protocol.at("l2_normalized").get<bool>();
  s.split = protocol.at("split").get<std::string>();
  return s;
}

Finding write_spectrum(const std::string& title, const SpectrumSummary& s, const spectrum::VerdictSettings& lines,
                       Json protocol, const SpectrumFiles& files, const Json& more) {
  protocol["samples"] = s.samples;
  protocol["skipped_rows"] = s.skipped;
  protocol["l2_normalized"] = s.l2_normalized;
  protocol["matrix"] = "covariance, centred, divided by N (Eqn 1)";
  const auto verdict = spectrum::verdict(s, lines);
  Json object = {{"version", 1},
                 {"verdict",
                  {{"kind", verdict.name()},
                   {"text", verdict.text},
                   {"dead_below", lines.dead_below},
                   {"collapsed_share", lines.collapsed_share},
                   {"complete_below", lines.complete_below},
                   {"rows_per_dimension", lines.rows_per_dimension}}},
                 {"effective_rank_sigma", s.effective_rank_sigma},
                 {"effective_rank_lambda", s.effective_rank_lambda},
                 {"rankme", s.rankme},
                 {"participation_ratio", s.participation_ratio},
                 {"stable_rank", s.stable_rank},
                 {"cumulative_area", s.cumulative_area},
                 {"condition_number", s.condition_number},  // infinite: null
                 {"alpha", s.power_law.alpha},
                 {"alpha_r2", s.power_law.r2},
                 {"alpha_ranks", Json::array({s.power_law.first, s.power_law.last})},
                 {"normalized_std", s.normalized_std},
                 {"mean_cosine", s.mean_cosine},
                 {"constant_dimensions", s.constant},
                 {"below_1e-2_of_largest", s.below_1e_2},
                 {"below_1e-4_of_largest", s.below_1e_4},
                 {"below_1e-6_of_largest", s.below_1e_6},
                 {"dimensions", s.dimensions()},
                 {"singular_values", s.values},
                 {"protocol", std::move(protocol)}};
  for (const auto& [key, value] : more.items()) object[key] = value;
  std::string written;
  if (!files.folder.empty()) {
    make_directories(files.folder);
    write_file(files.folder / (files.name + ".json"), object.dump(1) + "\n");
    write_figure(spectrum_figure(title, {{files.curve, s.values}}), files.folder, files.name);
    written = "\n  wrote " + (files.folder / files.name).string() + ".{json,csv,svg,gp}";
    if (!can_draw()) written += " (no picture yet: gnuplot, which draws it from the .gp, is not installed)";
    object.erase("singular_values");
  }
  std::string text =
      format("%s: %lld rows, %lld dimensions, %s", title.c_str(), static_cast<long long>(s.samples),
             static_cast<long long>(s.dimensions()), s.l2_normalized ? "rows L2-normalised" : "rows not normalised");
  if (s.skipped > 0) text += format(", %lld rows left out: not finite", static_cast<long long>(s.skipped));
  text += "\n  " + verdict.name() + ": " + verdict.text;
  text += format("\n  effective rank %.1f (covariance eigenvalues), %.1f (singular values of the features)",
                 s.effective_rank_lambda, s.effective_rank_sigma);
  return {text + written, std::move(object)};
}

Json further_results(const spectrum::Analysis& analysis) {
  Json more = Json::object();
  for (const auto& estimate : analysis.jackknife) {
    more["jackknife"][estimate.measure] = {{"standard_error", estimate.standard_error}, {"bias", estimate.bias}};
  }
  for (const auto& measure : analysis.compatible) more["compat"][measure.name] = measure.value;
  for (const auto& measure : analysis.geometry) more["geometry"][measure.name] = measure.value;
  return more;
}

std::string measures_text(const spectrum::Analysis& analysis, bool explain) {
  std::string text;
  for (const auto* measures : {&analysis.measures, &analysis.compatible, &analysis.geometry}) {
    for (const auto& measure : *measures) {
      text += format("\n  %-22s %s", measure.name.c_str(), measure.text.c_str());
      for (const auto& estimate : analysis.jackknife) {
        if (estimate.measure != measure.name) continue;
        text += format(" +- %.2g (bias about %.2g)", estimate.standard_error, estimate.bias);
      }
      if (explain) text += "\n      " + measure.definition + ".\n      " + measure.caveat + ".";
    }
  }
  return text;
}

namespace {

HeatMap heat_map(const std::string& first, const std::string& second, const array::Array& a) {
  constexpr int64_t kSide = 48;
  const array::Array corner = a.slice(0, kSide).transposed().slice(0, kSide).transposed();
  auto map = matrix_map("|V2^T U1|", "left vector of " + first, "right vector of " + second,
                        static_cast<size_t>(corner.size(1)), array::to_doubles(corner));
  map.value_label = "|A|";
  map.high = 1;
  return map;
}

}  // namespace

Finding write_weights(const std::string& input, const std::vector<spectrum::WeightMatrix>& weights,
                      const spectrum::WeightSpectra& spectra, linalg::SvdMethod method,
                      const std::filesystem::path& folder) {
  const bool exact = method == linalg::SvdMethod::kExact;
  std::string text = input + ": singular values of " + std::to_string(weights.size()) + " matrices";
  Json object = {{"version", 1},
                 {"file", input},
                 {"method", exact ? "bidiagonalisation" : "eigenvalues of Gram matrices"},
                 {"matrices", Json::array()},
                 {"alignments", Json::array()}};
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto& [name, matrix, inputs, pointwise] = weights[i];
    const auto& sigma = spectra.singular_values[i];
    std::vector<double> squares(sigma);
    for (double& value : squares) value *= value;
    const double rank = spectrum::effective_rank(sigma), stable = spectrum::stable_rank(squares);
    const int64_t dead = spectrum::count_below(squares, 1e-4);
    text += format(
        "\n  %-36s %5lld x %-5lld  effective rank %.1f of %zu, stable rank %.1f, %lld below 1 %% of the "
        "largest %.3g",
        name.c_str(), static_cast<long long>(matrix.size(0)), static_cast<long long>(matrix.size(1)), rank,
        sigma.size(), stable, static_cast<long long>(dead), sigma[0]);
    object["matrices"].push_back({{"name", name},
                                  {"shape", matrix.shape()},
                                  {"effective_rank_sigma", rank},
                                  {"stable_rank", stable},
                                  {"below_1e-2_of_largest", dead},
                                  {"singular_values", sigma}});
  }
  int drawn = 0;
  for (const auto& [first, second, a] : spectra.pairs) {
    const std::string &first_name = weights[first].name, &second_name = weights[second].name;
    text += format(
        "\n  alignment of %s and %s: mean |A_kk| of the leading quarter %.3f, off the diagonal %.3f, random "
        "%.3f",
        first_name.c_str(), second_name.c_str(), a.leading_diagonal, a.off_diagonal, a.chance);
    object["alignments"].push_back({{"first", first_name},
                                    {"second", second_name},
                                    {"leading_diagonal", a.leading_diagonal},
                                    {"off_diagonal", a.off_diagonal},
                                    {"chance", a.chance}});
    if (!folder.empty()) {
      write_figure(heat_map(first_name, second_name, a.matrix), folder, format("alignment-%d", ++drawn));
    }
  }
  if (!spectra.pairs.empty()) {
    text +=
        "\n  (of matrices that follow one another in the file and fit; what lies between them in the network, a "
        "normalisation or a ReLU, is not looked at)";
  }
  if (!folder.empty()) {
    make_directories(folder);
    write_file(folder / "weights.json", object.dump(1) + "\n");
    text += "\n  wrote " + (folder / "weights.json").string();
  }
  return {text, std::move(object)};
}

}  // namespace directclr::report
