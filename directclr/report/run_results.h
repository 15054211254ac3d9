#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "directclr/core/settings.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/trend.h"
#include "directclr/spectrum/spectra_log.h"

namespace directclr::report {

/// An accuracy with the words that say how it was obtained.
struct Accuracy {
  double top1 = 0;
  std::string protocol;
  int64_t width = 0;  ///< of the representation; 0: not said
};

/// How far a run is.
enum class RunState {
  kNotBegun,  ///< there are no files of it yet
  kAtWork,    ///< somebody owns its directory
  kStopped,   ///< it was begun and has not ended, and nobody owns it
  kEnded      ///< it has done all its epochs
};

/// Everything a report shows of one run, read from its directory alone. What a run does not have stays empty.
struct RunResults {
  std::string name;  ///< the directory's own name
  std::filesystem::path path;
  std::vector<TomlEntry> config;
  std::map<std::string, std::string> environment;
  /// metrics.jsonl by column, each value with its step; a column holds the lines that have it with a number, none
  /// where it is null in all.
  std::map<std::string, Course> metrics;
  std::optional<Accuracy> probe;
  std::optional<Accuracy> baseline;  ///< probe of the untrained encoder
  std::optional<Accuracy> knn;
  std::map<std::string, SpectrumResult> spectra;  ///< by layer
  spectrum::SpectraLog spectra_log;               ///< of the training; without steps where there is none
  std::optional<ExplanationResult> explanation;
  std::string views_png;  ///< bytes; empty when there is none
  RunState state = RunState::kEnded;
  double seconds = 0;  ///< of training; 0 while it has not ended
  double steps = 0;    ///< of training; 0 while it has not ended

  bool ended() const { return state == RunState::kEnded; }
  /// The width of the representation as the first file that knows it says; 0: none does.
  int64_t width_of_r() const;
  /// What it is called in figures: "run baseline", "run none (no projector)".
  std::string label() const;
  /// The setting's text, "" when the run has none of that name.
  std::string setting(const std::string& name) const;
  /// The column of metrics.jsonl, empty when the run has none of that name.
  const Course& course(const std::string& metric) const;
  /// The dead directions of r when the monitor last looked; nothing where rounding hid them then, or it never did.
  std::optional<double> dead_now() const;
};

/// Gives runs whose directories have the same name their paths for names.
void tell_apart(std::vector<RunResults>& runs);

/// Throws InputError when `path` is no run directory, when its files are of two runs, and when one of them is damaged,
/// naming the file.
RunResults read_results(const std::filesystem::path& path);

/// The same, and a run that is yet to come where there is no directory, an empty one, or one whose owner is about to
/// write: name, path and state alone.
RunResults read_results_or_wait(const std::filesystem::path& path);

}  // namespace directclr::report
