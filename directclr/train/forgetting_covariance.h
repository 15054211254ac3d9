#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "directclr/distributed/process_group.h"

namespace directclr::train {

/// Mean and covariance of rows that arrive in batches while what makes them changes: older batches count less and less.
/// Each batch enters with weight w = n / memory (more while the memory fills: 1, 1/2, 1/3, ... for equal batches):
///   d = mean_b - mean,  mean <- mean + w d,  C <- (1 - w) C + w C_b + w (1 - w) d d^T,
/// the covariance of the mixture, exact up to the products' float32 rounding (about 1e-7 of the largest eigenvalue;
/// sums are float64).
class ForgettingCovariance {
 public:
  /// `memory`: how many rows it amounts to. Tensors live on `device`. Requires: dimensions >= 1, memory >= 1.
  ForgettingCovariance(int64_t dimensions, double memory, at::Device device);

  /// Rows (n >= 1, D), floating; no graph is kept. Spread over processes every one passes its rows of the batch: D x D
  /// numbers travel.
  void add(const at::Tensor& rows, const distributed::ProcessGroup& group = {});

  /// Rows that it rests on: all so far, at most the memory.
  double weight() const;
  at::Tensor matrix() const { return covariance_; }  ///< (D, D) float64; zeros before the first batch
  at::Tensor mean() const { return mean_; }          ///< (D) float64

  /// What a checkpoint must hold, by name; written into in place.
  std::vector<std::pair<std::string, at::Tensor>> state() const;

 private:
  double memory_;
  at::Tensor weight_;      // () float64, on the CPU: no device need be asked
  at::Tensor mean_;        // (D)
  at::Tensor covariance_;  // (D, D)
};

}  // namespace directclr::train
