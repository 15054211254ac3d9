#include "directclr/train/run_log.h"

#include <chrono>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/spectrum/spectra_log.h"

namespace directclr::train {
namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

io::EventHistogram event_histogram(const std::string& name, const std::vector<double>& values) {
  auto h = spectrum::log_histogram(values);
  return {name, std::move(h.limit), std::move(h.count), h.least, h.largest, h.sum, h.sum_of_squares};
}

}  // namespace

RunLog::RunLog(const settings::RunDirectory& run, const CheckpointInfo& from)
    : run_id_(from.run_id),
      metrics_(run.metrics(), from.metrics_bytes),
      spectra_(run.spectra(), from.spectra_bytes),
      events_(run.events(), from.event_bytes, wall_seconds()) {}

void RunLog::write(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values) {
  write_metrics(step, epoch, values);
  events_.add(step, wall_seconds(), values);
}

void RunLog::write(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values,
                   const std::vector<double>& r, const std::vector<double>& z) {
  write_metrics(step, epoch, values);
  const std::string head = spectra_.size() > 0 ? ""
                                               : spectrum::spectra_head(run_id_, static_cast<int64_t>(r.size()),
                                                                        static_cast<int64_t>(z.size()));
  spectra_.append(head + spectrum::spectra_line(step, spectrum::logged_spectrum(r), spectrum::logged_spectrum(z)));
  std::vector<io::EventHistogram> histograms = {event_histogram("log10_eigenvalues_r", r)};
  if (!z.empty()) histograms.push_back(event_histogram("log10_eigenvalues_z", z));
  std::erase_if(histograms, [](const auto& histogram) { return histogram.count.empty(); });
  events_.add(step, wall_seconds(), values, histograms);
}

void RunLog::write_metrics(int64_t step, double epoch, const std::vector<std::pair<std::string, double>>& values) {
  std::string line = metrics_.size() == 0 && !run_id_.empty() ? "{\"run_id\": \"" + run_id_ + "\", " : "{";
  line += "\"step\": " + std::to_string(step) + ", \"epoch\": " + format("%.4f", epoch);
  for (const auto& [name, value] : values) {
    line += ", \"" + name + "\": " + (std::isfinite(value) ? format("%.6g", value) : "null");
  }
  metrics_.append(line + "}\n");
}

void RunLog::mark(CheckpointInfo& info) const {
  info.metrics_bytes = metrics_.size();
  info.spectra_bytes = spectra_.size();
  info.event_bytes = events_.size();
}

}  // namespace directclr::train
