#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "directclr/distributed/process_group.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::distributed {

/// Merges the rows that all processes of a group have seen, on all of them. Collective. D x D numbers travel, whatever
/// the number of rows.
void merge(spectrum::FeatureMoments& moments, const ProcessGroup& group);

/// The numbers of all processes, rank after rank: of them the first `most`. Collective.
std::vector<int64_t> joined(const std::vector<int64_t>& numbers, size_t most, const ProcessGroup& group);

}  // namespace directclr::distributed
