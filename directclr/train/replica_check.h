#pragma once

#include <cstdint>
#include <vector>

#include "directclr/distributed/process_group.h"
#include "directclr/optim/optimizer.h"

namespace directclr::train {

/// The ranks compute the same updates from the same sums, so their parameters must be equal bit for bit. Compares a
/// 64-bit hash of every parameter's bytes with rank 0's. Throws Error, on all ranks alike, naming the first rank that
/// differs, its first parameter that does, and the step. Collective; `parameters` are the same list on all ranks.
void check_replicas(const std::vector<optim::NamedTensor>& parameters, int64_t step,
                    const distributed::ProcessGroup& group);

}  // namespace directclr::train
