#include "directclr/train/run_log.h"

#include <chrono>
#include <cmath>

#include "directclr/core/text.h"

namespace directclr::train {
namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

RunLog::RunLog(const settings::RunDirectory& run, const CheckpointInfo& from)
    : run_id_(from.run_id),
      metrics_(run.metrics(), from.metrics_bytes),
      events_(run.events(), from.event_bytes, wall_seconds()) {}

void RunLog::write(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values) {
  std::string line = metrics_.size() == 0 && !run_id_.empty() ? "{\"run_id\": \"" + run_id_ + "\", " : "{";
  line += "\"step\": " + std::to_string(step) + ", \"epoch\": " + format("%.4f", epoch);
  for (const auto& [name, value] : values) {
    line += ", \"" + name + "\": " + (std::isfinite(value) ? format("%.6g", value) : "null");
  }
  metrics_.append(line + "}\n");
  events_.add(step, wall_seconds(), values);
}

void RunLog::mark(CheckpointInfo& info) const {
  info.metrics_bytes = metrics_.size();
  info.event_bytes = events_.size();
}

}  // namespace directclr::train
