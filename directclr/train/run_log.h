#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/io/event_file.h"
#include "directclr/train/checkpoint.h"

namespace directclr::train {

/// metrics.jsonl, spectra.jsonl and the TensorBoard events of a run, written together.
class RunLog {
 public:
  /// Continues them where the checkpoint was made (at their start for a new run).
  RunLog(const settings::RunDirectory& run, const CheckpointInfo& from);

  /// One line, the first with the run's id: step, epoch and the values; non-finite values are written as null.
  void write(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values);

  /// The same, and the spectra of that step: all eigenvalues of r and z, descending; no z where it is r.
  void write(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values,
             const std::vector<double>& r, const std::vector<double>& z);

  /// Notes in the checkpoint how far the logs are.
  void mark(CheckpointInfo& info) const;

 private:
  void write_metrics(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values);

  std::string run_id_;  // stands in the first lines
  AppendFile metrics_, spectra_;
  io::EventFile events_;
};

}  // namespace directclr::train
