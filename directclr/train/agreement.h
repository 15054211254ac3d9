#pragma once

#include <cstdint>

#include "directclr/distributed/process_group.h"

namespace directclr::train {

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
