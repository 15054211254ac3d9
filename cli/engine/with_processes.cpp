#include "cli/engine/with_processes.h"

#include "directclr/train/device.h"

namespace directclr::cli {

void with_processes(const ProcessEnvironment& environment, const std::string& device, double timeout_seconds,
                    Console& console, const std::function<void(const distributed::ProcessGroup&)>& work) {
  const auto give_up = [&console](const RankFailure& failure) {
    if (!failure.reported) console.error(failure.what());
    Console::leave(kFailed);
  };
  const auto group = distributed::ProcessGroup::join(environment, train::resolve_device(device, environment.local_rank),
                                                     timeout_seconds, give_up);
  group.run([&] { work(group); });
}

}  // namespace directclr::cli
