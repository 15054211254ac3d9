#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "directclr/core/progress.h"

namespace directclr {

/// Calls job(0) .. job(count - 1) on `threads` threads (0: one a core), each job once, in about this order; reports
/// progress as `task` in `unit`. Jobs must not depend on one another.
/// Throws what the first failing job threw, after the jobs in flight have ended and without starting others;
/// Interrupted when the context asks to stop.
void run_in_parallel(const std::string& task, const std::string& unit, size_t count, int64_t threads,
                     const Context& context, const std::function<void(size_t)>& job);

}  // namespace directclr
