#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace directclr::distributed {

/// NCCL's collectives for tensors on CUDA devices. Throws InputError where libtorch was built or installed without
/// them (nccl_absent.cpp).
c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                            std::chrono::milliseconds timeout);

}  // namespace directclr::distributed
