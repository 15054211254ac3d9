#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "directclr/train/monitor.h"
#include "directclr/train/run_log.h"

namespace directclr::train {

/// What the log says of one step.
struct LoggedStep {
  int64_t step = 0;                   ///< steps done, this one included
  double loss = 0, lr = 0;            ///< of the whole batch
  std::optional<double> online_top1;  ///< of the online head, where there is one
  at::Tensor r, z;                    ///< both views' rows of this rank: (2n, D), (2n, P)
};

/// The log of a run's steps: rank 0 reads the monitor, measures the rate, and writes lines to metrics.jsonl,
/// spectra.jsonl and the events. Other ranks have one too, which only hands over their rows.
class StepLog {
 public:
  /// Continues the run's log where the checkpoint `from` was made.
  StepLog(const settings::TrainSettings& settings, const settings::RunDirectory& run, const CheckpointInfo& from,
          int64_t steps_per_epoch, const distributed::ProcessGroup& group);

  /// Whether a step is one of those to be logged: the first and every settings.log_every-th.
  bool logs(int64_t step) const { return step % log_every_ == 0 || step == 1; }

  /// Writes the step if it is one of those to be logged. `warn`: whether the
  /// monitor looks for warnings, of which `on_warning` gets each. Collective.
  void step(const LoggedStep& step, Monitor& monitor, bool warn,
            const std::function<void(const std::string&)>& on_warning);

  /// Writes a k-NN score. The time since the last line counts for no rate. Rank 0 alone may call it.
  void knn(int64_t step, double top1);

  /// Why the monitor wants the run to end, as of the last line, a line a gate; empty: it does not. Rank 0 alone knows.
  const std::vector<std::string>& collapse() const { return collapse_; }
  /// "rank r 57 (3 dead)  z 12", for the progress line; empty before the first line.
  const std::string& summary() const { return summary_; }

  /// Notes in a checkpoint how long the files are. Rank 0 alone may call it.
  void mark(CheckpointInfo& info) const { files_->mark(info); }

 private:
  using Clock = std::chrono::steady_clock;

  at::Tensor rows_of_all(const at::Tensor& both_views) const;
  double epoch_of(int64_t step) const { return static_cast<double>(step) / static_cast<double>(steps_per_epoch_); }
  double images_per_second(int64_t step) const;
  void start_rate(int64_t step);

  const int64_t batch_size_, log_every_, steps_per_epoch_;
  distributed::ProcessGroup group_;
  std::unique_ptr<RunLog> files_;  // rank 0's
  Clock::time_point rate_since_;
  int64_t rate_since_step_;
  std::vector<std::string> collapse_;
  std::string summary_;
};

}  // namespace directclr::train
