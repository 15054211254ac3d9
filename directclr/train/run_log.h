#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/io/event_file.h"
#include "directclr/train/checkpoint.h"

namespace directclr::train {

/// metrics.jsonl and the TensorBoard events of a run, written together.
class RunLog {
 public:
  /// Continues both where the checkpoint was made (at their start for a new run).
  RunLog(const settings::RunDirectory& run, const CheckpointInfo& from);

  /// One line, the first with the run's id: step, epoch and the values; non-finite values are written as null.
  void write(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values);

  /// Notes in the checkpoint how far the logs are.
  void mark(CheckpointInfo& info) const;

 private:
  std::string run_id_;  // stands in the first line
  AppendFile metrics_;
  io::EventFile events_;
};

}  // namespace directclr::train
