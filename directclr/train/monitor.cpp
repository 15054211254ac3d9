#include "directclr/train/monitor.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/spectrum/geometry.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/tensor/arrays.h"

namespace directclr::train {
namespace {

using spectrum::SpectrumSummary;
using spectrum::Verdict;

SpectrumSummary summary_of(const ForgettingCovariance& covariance, const at::Tensor& rows) {
  const at::Tensor matrix = covariance.matrix(), mean = covariance.mean();
  const int64_t width = mean.size(0);
  const double mean_square = (matrix.trace() + mean.dot(mean)).item<double>() / static_cast<double>(width);
  const array::Array last = tensor::array_of(rows);
  SpectrumSummary s = spectrum::summarize_covariance(
      tensor::array_of(matrix),
      spectrum::rounding_variance(array::unit_roundoff(last.dtype()), mean_square, width, covariance.weight()));
  s.samples = static_cast<int64_t>(covariance.weight());
  const auto directions = spectrum::directions_of(last);
  s.normalized_std = directions.normalized_std;
  s.mean_cosine = directions.mean_cosine;
  s.direction_spread = directions.spread;
  return s;
}

// Before this nothing is said of a layer: the first rows are of a network that has hardly begun.
bool saw_enough(const SpectrumSummary& s) { return s.samples >= 2 * s.dimensions(); }

// A line when the verdict has become one of collapse, or worse.
void warn_if_worse(const char* layer, const SpectrumSummary& s, Verdict::Kind& last, std::vector<std::string>& lines) {
  if (!saw_enough(s)) return;
  const Verdict now = spectrum::verdict(s, {});
  const auto severity = [](Verdict::Kind kind) {
    for (const auto& entry : spectrum::verdict_kinds()) {
      if (entry.kind == kind) return entry.severity;
    }
    return 0;
  };
  if (severity(now.kind) > severity(last)) {
    lines.push_back(std::string(layer) + ": " + now.name() + ": " + now.text);
  }
  last = now.kind;
}

}  // namespace

Monitor::Monitor(const MonitorOptions& options, int64_t representation, int64_t embedding, at::Device device)
    : every_(options.every),
      r_(representation, options.memory * static_cast<double>(representation), device),
      gates_(options.stop, "--stop") {
  if (options.watch_z) z_.emplace(embedding, options.memory * static_cast<double>(embedding), device);
  gates_.check_for_training("--stop");
}

Monitor::Monitor(const settings::TrainSettings& settings, int64_t representation, int64_t embedding, at::Device device)
    : Monitor(MonitorOptions{settings.monitor_every, settings.monitor_memory, settings.stop,
                             settings.projector.projector != "none"},
              representation, embedding, device) {}

void Monitor::observe(int64_t step, const at::Tensor& r, const at::Tensor& z, const distributed::ProcessGroup& group) {
  if (step % every_ != 0 && step != 1) return;
  r_.add(r, group);
  if (z_) z_->add(z, group);
}

Monitor::Reading Monitor::read(const at::Tensor& r, const at::Tensor& z, bool warn) {
  const at::NoGradGuard no_grad;
  Reading reading;
  const auto views = [](const at::Tensor& both) {
    const at::Tensor wide = both.detach().cpu().to(at::kDouble);
    const int64_t images = wide.size(0) / 2;
    return std::pair(tensor::array_of(wide.narrow(0, 0, images)), tensor::array_of(wide.narrow(0, images, images)));
  };
  const auto r_views = views(r);
  reading.r = summary_of(r_, r);
  reading.alignment_r = spectrum::alignment(r_views.first, r_views.second);
  reading.uniformity_r = spectrum::uniformity(r_views.first);
  reading.z = reading.r;
  reading.alignment_z = reading.alignment_r;
  reading.uniformity_z = reading.uniformity_r;
  if (z_) {
    const auto z_views = views(z);
    reading.z = summary_of(*z_, z);
    reading.alignment_z = spectrum::alignment(z_views.first, z_views.second);
    reading.uniformity_z = spectrum::uniformity(z_views.first);
  }
  if (!warn) return reading;
  warn_if_worse("representation r", reading.r, last_r_, reading.warnings);
  if (z_) warn_if_worse("embedding z", reading.z, last_z_, reading.warnings);
  if (saw_enough(reading.r))
    reading.stop = spectrum::failures(gates_.results(reading.r, spectrum::verdict(reading.r, {})));
  return reading;
}

double Monitor::rank_r() const {
  return spectrum::summarize_covariance(tensor::array_of(r_.matrix())).effective_rank_lambda;
}

std::vector<optim::NamedTensor> Monitor::state() const {
  std::vector<optim::NamedTensor> all;
  for (const auto& [name, tensor] : r_.state()) all.emplace_back("monitor/r_" + name, tensor);
  if (z_) {
    for (const auto& [name, tensor] : z_->state()) all.emplace_back("monitor/z_" + name, tensor);
  }
  return all;
}

}  // namespace directclr::train
