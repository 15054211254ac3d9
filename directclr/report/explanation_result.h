#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "directclr/core/json.h"

namespace directclr::report {

/// An explanation as explain.json holds it (docs/formats.md) and its page shows it; directclr/explain says what each
/// number is.
struct ExplanationResult {
  /// What it amounts to, in sentences.
  struct Conclusion {
    std::string finding;
    std::string confidence;               ///< "high", "moderate", "low"; "none": there is no finding
    std::vector<std::string> supporting;  ///< what speaks for it,
    std::vector<std::string> opposing;    ///< against it,
    std::vector<std::string> beside;      ///< and neither
  };
  /// X on one layer.
  struct Contrast {
    std::string layer;
    double undecided = 0;
    int64_t negative = 0;
    int64_t negative_held_out = 0;
    int64_t negative_for_certain = 0;
    std::vector<double> eigenvalues;
    std::vector<double> held_out;
    std::vector<double> standard_error;
    std::vector<double> data_along;
    std::vector<double> augmentation_along;
    /// Which directions negative_for_certain counts, by their places in held_out, from 0; not in files of earlier
    /// versions.
    std::optional<std::vector<int64_t>> certain = {};
  };
  /// X there with Eqn 2's own weights.
  struct Eqn2 {
    double undecided = 0;
    int64_t negative = 0;
    int64_t negative_for_certain = 0;
    std::vector<double> eigenvalues;
  };
  struct Attribution {
    std::string name;
    double share = 0;
    double weak_share = 0;
  };
  struct Example {
    std::string image;
    double times_mean = 0;
  };
  struct Growth {
    bool singular = false;
    std::vector<double> size;
    std::vector<double> exact;
    std::vector<double> standard_error;
    std::vector<double> lemma2;
    double rank_correlation = 0;
    int64_t signs_differ = 0;
    int64_t shrinking = 0;
  };
  struct Alignment {
    std::string name;
    std::string between;
    double leading_diagonal = 0;
    double off_diagonal = 0;
    double chance = 0;
    std::vector<double> first;
    std::vector<double> second;
    std::vector<std::vector<double>> leading;  ///< |V2^T U1| of the leading vectors, by rows
  };
  struct FirstLayer {
    std::vector<double> size;
    std::vector<double> exact;
    std::vector<double> standard_error;
    std::vector<double> theorem3;
    double rank_correlation = 0;
    int64_t signs_differ = 0;
  };

  /// What r of these views is like (spectrum::Verdict).
  struct State {
    std::string verdict;
    std::string text;
    int64_t dead = 0;
    int64_t dimensions = 0;
  };

  int64_t images = 0;
  int64_t batch = 0;
  Conclusion conclusion;
  std::optional<State> r;  ///< not in files of earlier versions
  Contrast x;
  Eqn2 x_eqn2;
  std::optional<Contrast> x_representation;
  int64_t weak_count = 0;
  double weak_share = 0;
  int64_t attribution_images = 0;
  std::vector<Attribution> attribution;
  std::vector<Example> examples;
  Growth growth;
  std::vector<Alignment> alignments;
  std::optional<FirstLayer> first_layer;
  Json protocol = Json::object();  ///< how it was obtained
};

/// The conclusion as lines, the finding first: "Finding (confidence high): ..", "For: ..", "Against: ..", "Beside: ..".
std::vector<std::string> lines_of(const ExplanationResult::Conclusion& conclusion);

/// The file's object, version 2.
Json json_of(const ExplanationResult& result);
/// The result that json_of made an object of; the first version had sentences in place of a conclusion, which are then
/// beside it. Throws JsonError.
ExplanationResult read_explanation(const Json& object);

/// Throws InputError when the file cannot be written.
void write_explanation(const std::filesystem::path& file, const ExplanationResult& result);
/// Throws InputError, which names the file, when it is missing, damaged or of a later version.
ExplanationResult read_explanation(const std::filesystem::path& file);

}  // namespace directclr::report
