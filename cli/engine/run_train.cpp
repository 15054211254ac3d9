
#include "cli/engine/commands.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/gates.h"
#include "directclr/train/checkpoint.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/trainer.h"

namespace directclr::cli {

void run_train(const TrainRequest& request, Console& console) {
  const settings::RunDirectory run(request.out);
  train::TrainResult result;
  try {
    with_processes(request.environment, request.settings.device, request.settings.rank_timeout, console,
                   [&](const distributed::ProcessGroup& group) {
                     result = train::train(request.settings, run, request.mode, request.command_line, console.context(),
                                           group);
                   });
  } catch (const spectrum::GateFailure& failure) {
    const Json object = {{"run", run.path().string()}, {"gates_not_passed", failure.lines()}};
    console.result("", object.dump());
    throw;
  }
  if (result.finished_before) {
    const Json object = {{"run", run.path().string()}, {"finished", true}};
    console.result("the run was finished already", object.dump());
    return;
  }
  const Json object = {{"run", run.path().string()},    {"steps", result.steps},
                       {"seconds", result.seconds},     {"images_per_second", result.images_per_second},
                       {"last_loss", result.last_loss}, {"read", Json::parse(read_file(run.environment()))["read"]}};
  console.result(format("trained %lld steps in %s (%.0f images/s), last loss %.4f\nrun directory: %s",
                        static_cast<long long>(result.steps), format_duration(result.seconds).c_str(),
                        result.images_per_second, result.last_loss, run.path().c_str()),
                 object.dump());
}

}  // namespace directclr::cli
