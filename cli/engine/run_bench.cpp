#include <ATen/Parallel.h>

#include "cli/engine/commands.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/train/device.h"
#include "directclr/train/measure.h"

namespace directclr::cli {

plan::Machine measure_step(const BenchRequest& request, Console& console) {
  settings::TrainSettings settings = request.settings;
  if (!request.with_data) settings.data.clear();
  plan::Machine m;
  with_processes(request.environment, settings.device, kRankTimeoutSeconds, console,
                 [&](const distributed::ProcessGroup& group) {
                   m = train::measure_step(settings, request.images, request.seconds, console.context(), group);
                 });
  m.processes = request.environment.local_size;
  return m;
}

void run_bench_step(const BenchRequest& request, Console& console) {
  const plan::Machine m = measure_step(request, console);
  if (request.environment.rank != 0) return;
  if (!request.out.empty()) m.add_to(request.out);
  const Json object = {{"name", m.name},
                       {"flops_per_second", m.flops_per_second},
                       {"step_seconds", m.step_seconds},
                       {"loss_flops_per_second", m.loss_flops_per_second},
                       {"norm_layer_seconds", m.norm_layer_seconds},
                       {"norm_number_seconds", m.norm_number_seconds},
                       {"monitor_seconds", m.monitor_seconds},
                       {"loader_images_per_second", m.loader_images_per_second}};
  std::string text =
      format("%s\n  a step: %.1f GFLOP/s and %.2f ms beside; the loss: %.1f GFLOP/s; a look of the monitor: %.1f ms",
             m.name.c_str(), m.flops_per_second / 1e9, 1000 * m.step_seconds, m.loss_flops_per_second / 1e9,
             1000 * m.monitor_seconds);
  if (m.norm_layer_seconds + m.norm_number_seconds > 0) {
    text += format("; synchronised normalisation: %.0f us a layer and %.2f ns a number more",
                   1e6 * m.norm_layer_seconds, 1e9 * m.norm_number_seconds);
  }
  if (m.loader_images_per_second > 0) {
    text += format("; one loader thread: %.1f images/s", m.loader_images_per_second);
  }
  console.result(text, object.dump());
}

void run_bench_comm(const BenchRequest& request, Console& console) {
  const auto device = train::resolve_device(request.settings.device, request.environment.local_rank);
  at::set_num_threads(1);
  plan::Machine m;
  with_processes(request.environment, request.settings.device, kRankTimeoutSeconds, console,
                 [&](const distributed::ProcessGroup& group) {
                   train::measure_communication(group, device, request.between_nodes, request.seconds, m);
                 });
  if (request.environment.rank != 0) return;
  if (!request.out.empty()) m.add_to(request.out);
  const double latency = request.between_nodes ? m.node_latency_seconds : m.latency_seconds;
  const double bandwidth = request.between_nodes ? m.node_bytes_per_second : m.bytes_per_second;
  const Json object = {
      {"processes", request.environment.size}, {"latency_seconds", latency}, {"bytes_per_second", bandwidth}};
  console.result(
      format("%lld processes, %s: %.0f us a hop, %.2f GB/s", static_cast<long long>(request.environment.size),
             device.str().c_str(), 1e6 * latency, bandwidth / 1e9),
      object.dump());
}

}  // namespace directclr::cli
