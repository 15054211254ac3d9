#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::report {

/// What somebody who watches a training is told of it, from its log.
struct LiveRun {
  std::string place;  ///< a sentence without its full stop: "mlp is at epoch 1.5 of 4, step 60, 2 min 3 s left"
  std::string doing;  ///< the same without the name of the run: "is at epoch 1.5 of 4, .."
  double step = 0;    ///< the last that is logged; 0: none
  double share = 0;   ///< of the training that is done, 0 .. 1
  std::optional<double> seconds_left = {};  ///< at the median rate of the last lines; of runs at work alone

  // Of the last line that has it.
  std::optional<double> loss = {}, lr = {}, images_per_second = {}, rank_r = {}, rank_z = {}, dead_r = {};
  std::optional<double> online_top1 = {}, knn_top1 = {};  ///< shares

  int64_t r_dimensions = 0, z_dimensions = 0;  ///< 0: not known, or z is r
  /// Its log ends within the epochs in which the training judges nothing either (--grace-epochs, warm-up).
  bool early = true;
  bool dying = false;          ///< at least the share of a dimensional collapse is dead, and it is no longer early
  bool falling = false;        ///< the effective rank of r has fallen (report/trend.h), and it is no longer early
  bool still_falling = false;  ///< and it falls yet (Fall::still)
  std::vector<std::string> warnings = {};  ///< sentences without a full stop
  std::string resume = "";                 ///< the command that goes on with it; empty: it has not stopped

  /// "3 of 64", "?" where there is no log yet.
  std::string dead_text() const;
};
LiveRun live_run(const RunResults& run);

/// Whether nothing more is to come: each has ended or stopped.
bool all_over(const std::vector<RunResults>& runs);

}  // namespace directclr::report
