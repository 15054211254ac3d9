#pragma once

#include <cstdint>
#include <vector>

#include "directclr/core/dispatch.h"
#include "directclr/image/kernels.h"
#include "directclr/image/resize.h"

namespace directclr::image {

/// What the weights of one axis are made of; the memory is kept from call to call.
struct ResizeTapsWork {
  std::vector<int> begin, count;    // of each output's inputs
  std::vector<double> center, sum;  // of an output, in inputs; of its inputs' values
  std::vector<double> values;       // (window, outputs) of the filter
  std::vector<int32_t> weights;     // (window, outputs)
};

/// Fills `taps`, which keeps its memory from call to call, for `in` inputs and `out` outputs of one axis. The weights
/// are Pillow's, the same bits in registers of every width (core/dispatch.h); std::invalid_argument for one that
/// the processor lacks.
void make_taps(int in, int out, Filter filter, ResizeTaps& taps, ResizeTapsWork& work,
               int register_bytes = vector_bytes());

}  // namespace directclr::image
