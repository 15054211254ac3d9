#pragma once

#include <cstddef>
#include <functional>

namespace directclr::python {

/// As parallel_for (core/parallel.h), between operations of PyTorch: on `threads` threads, which should be as many as
/// PyTorch's own (torch.get_num_threads()), and on those themselves where this process shows their OpenMP runtime to
/// everybody, as PyTorch's wheels do. After each of its operations PyTorch's threads spin for milliseconds on the cores
/// that others would need. In other processes, and in a child of fork(), whose OpenMP has lost its threads, the
/// library's pool does it.
void for_on_torch_threads(size_t threads, size_t count, size_t grain,
                          const std::function<void(size_t first, size_t last)>& job);

}  // namespace directclr::python
