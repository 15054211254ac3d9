#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "directclr/distributed/process_group.h"

namespace directclr::train {

/// What a run's steps gave on the whole batch, kept where it is computed: to add a step's the host need not wait for
/// the device, to read it does.
class LossRecord {
 public:
  /// `sum`: of losses that the sum goes on from.
  LossRecord(c10::Device device, const distributed::ProcessGroup& group, double sum = 0);

  /// This rank's part of a step's loss, and how many of its rows the online head classified rightly (undefined: none);
  /// scalars on the device. `step` counts from 1. Collective.
  void add(int64_t step, const at::Tensor& loss, const at::Tensor& right);

  /// The same bits on all ranks. Zeros before the first step.
  struct Reading {
    double loss = 0;         ///< of the last step
    int64_t right = 0;       ///< of the last step
    double sum = 0;          ///< of all steps' losses, one after the other
    int64_t not_finite = 0;  ///< the first step whose loss was not finite; 0: none was
  };
  Reading read() const;

  /// The sum begins anew.
  void clear_sum();

 private:
  distributed::ProcessGroup group_;
  at::Tensor last_;        // (2): loss, right
  at::Tensor sum_;         // (1)
  at::Tensor not_finite_;  // (1)
};

}  // namespace directclr::train
