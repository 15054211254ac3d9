#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "directclr/distributed/process_group.h"

namespace directclr::distributed {

/// Sums the gradients of parameters over a group, in buckets that travel while the backward still computes others.
/// The buckets are fixed by the order of the parameters, last first, as a backward comes by them: unlike buckets that
/// are laid out anew after a first step, they give the same bits after a resume.
class GradientSum {
 public:
  /// `parameters` must outlive this and keep their identity. Does nothing for a group of one.
  GradientSum(std::vector<at::Tensor> parameters, ProcessGroup group);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /// The next backward is the step's last: each bucket sets off once the last of its gradients is there.
  void begin();
  /// Waits until every .grad holds its sum. Parameters without a gradient are left out, and must be so everywhere.
  void finish();

 private:
  struct Bucket {
    std::vector<size_t> members;  // parameters
    size_t missing = 0;           // gradients still to come
    at::Tensor flat;
    std::function<void()> wait;
  };
  void arrived(size_t parameter);
  void send(Bucket& bucket);

  std::vector<at::Tensor> parameters_;
  ProcessGroup group_;
  std::vector<Bucket> buckets_;
  std::vector<size_t> bucket_of_;
  size_t next_ = 0;  // buckets set off in order: the same on all processes
  bool begun_ = false;
};

}  // namespace directclr::distributed
