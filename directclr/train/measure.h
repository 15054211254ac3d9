#pragma once

#include "directclr/core/progress.h"
#include "directclr/distributed/process_group.h"
#include "directclr/plan/cost_model.h"
#include "directclr/settings/train_settings.h"

namespace directclr::train {

/// Measures what the cost model knows of this machine's computing: training steps of the settings' network at a small
/// and a larger batch (of at most `images`), the loss, the monitor's look at a batch and, when the settings name data,
/// the loader. Takes `seconds` for each. The processes of a group measure at the same time, each its own device, so
/// that what they share (memory, power, cores) counts; the figures are their means, but for the monitor's, which rank 0
/// alone computes. Throws Interrupted.
plan::Machine measure_step(const settings::TrainSettings& settings, int64_t images, double seconds,
                           const Context& context, const distributed::ProcessGroup& group = {});

/// Measures latency and bandwidth of sums over the group, in the cost model's terms, and adds them to `machine`: of
/// hops between nodes when `between_nodes` (one process a node), else of hops inside one. Collective; all processes
/// get the same figures.
void measure_communication(const distributed::ProcessGroup& group, at::Device device, bool between_nodes,
                           double seconds, plan::Machine& machine);

}  // namespace directclr::train
