#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "directclr/settings/train_settings.h"

namespace directclr::settings {

/// How a run treats a directory that holds one already.
enum class StartMode { kNew, kResume, kOverwrite };

/// The files of a run, docs/formats.md. `train` makes them, everything else reads them or adds its own.
class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  /// An existing run. Throws InputError when `path` is none (no config.toml), and when its files are of two runs.
  static RunDirectory open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.toml"; }
  std::filesystem::path environment() const { return path_ / "environment.json"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path spectra() const { return path_ / "spectra.jsonl"; }
  std::filesystem::path events() const { return path_ / "events.out.tfevents.0.directclr"; }
  std::filesystem::path encoder() const { return path_ / "encoder.safetensors"; }
  std::filesystem::path projector() const { return path_ / "projector.safetensors"; }
  std::filesystem::path views() const { return path_ / "figures" / "views.png"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path evaluation() const { return path_ / "evaluation.json"; }
  std::filesystem::path done() const { return path_ / "DONE"; }
  std::filesystem::path checkpoint(int64_t step) const;

  bool exists() const { return std::filesystem::exists(config()); }
  bool finished() const { return std::filesystem::exists(done()); }
  /// Whether a training has left anything here, were it without config.toml.
  bool is_used() const { return exists() || finished() || !checkpoints().empty(); }
  TrainSettings settings() const { return read_config(config().string()); }
  /// Of the start that made it (core/run_id.h); "" for runs of versions before there were ids.
  std::string id() const;

  /// Steps that have a checkpoint, newest first.
  std::vector<int64_t> checkpoints() const;

  /// Whether `file` is one that a run writes, or lies in a folder that it does, whether it is there or not.
  bool owns(const std::filesystem::path& file) const;

  /// Removes everything a run writes (not foreign files), config.toml last; the directory stays.
  void clear() const;
  /// Removes what a finished run ends with and what was found out about it: DONE first, then weights, evaluations,
  /// spectra, explanation, report.
  void clear_results() const;

 private:
  std::filesystem::path path_;
};

}  // namespace directclr::settings
