#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace directclr::data {

/// Makes memory for a part of a batch: so many bytes, aligned for any number.
using BatchMemory = std::function<std::shared_ptr<std::byte>(size_t bytes)>;

/// Memory of which up to `kept` parts wait for the next request of their size once nobody holds them any more: new
/// pages cost as much as copying them. Copies of the function share the parts; the default is what a loader has at the
/// same time: five batches (three in flight, the one held, and the one before it) of three parts each. Parts may
/// outlive the function and be let go by any thread.
BatchMemory recycled_memory(size_t kept = 15);

}  // namespace directclr::data
