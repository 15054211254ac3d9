#pragma once

#include <functional>
#include <string>

#include "cli/console.h"
#include "cli/engine/engine.h"
#include "directclr/distributed/process_group.h"

namespace directclr::cli {

/// How long a process waits for the others where no setting says it.
inline constexpr double kRankTimeoutSeconds = 60;

/// Does `work` with all processes of a command, on `device` (train::resolve_device): meets them, and lets none wait for
/// ever for one that was lost.
void with_processes(const ProcessEnvironment& environment, const std::string& device, double timeout_seconds,
                    Console& console, const std::function<void(const distributed::ProcessGroup&)>& work);

inline void with_processes(const RunRequest& request, Console& console,
                           const std::function<void(const distributed::ProcessGroup&)>& work) {
  with_processes(request.environment, request.device, kRankTimeoutSeconds, console, work);
}

}  // namespace directclr::cli
