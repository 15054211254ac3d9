#pragma once

#include "directclr/distributed/process_group.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::distributed {

/// Merges the rows that all processes of a group have seen, on all of them. Collective. D x D numbers travel, whatever
/// the number of rows.
void merge(spectrum::FeatureMoments& moments, const ProcessGroup& group);

}  // namespace directclr::distributed
