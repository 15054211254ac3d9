#pragma once

#include <cstdint>

#include "directclr/distributed/process_group.h"

namespace directclr::train {

/// What a step gave on the whole batch.
struct StepTotals {
  double loss = 0;
  int64_t right = 0;  ///< rows that the online head classified rightly
};

/// The sums of the ranks' parts, the same bits on all of them. To be had before the parameters are updated: a loss that
/// is not finite ends the run everywhere. Collective.
StepTotals sum_over_ranks(const StepTotals& mine, const distributed::ProcessGroup& group);

/// Why a run should end before its last step. Several reasons may hold.
struct StopReasons {
  bool signal = false;    ///< the surroundings ask (Context::stop)
  bool collapse = false;  ///< a gate was not passed (settings.stop); rank 0 alone measures
  bool callback = false;  ///< a callback asks (Callbacks)

  bool any() const { return signal || collapse || callback; }
};

/// A reason that holds on one rank holds on all. To be asked after a step, so that all end after the same one.
/// Collective.
StopReasons agree_on_stop(const StopReasons& mine, const distributed::ProcessGroup& group);

}  // namespace directclr::train
