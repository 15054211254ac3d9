#include "directclr/train/step_log.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "directclr/core/text.h"

namespace directclr::train {

StepLog::StepLog(const settings::TrainSettings& settings, const settings::RunDirectory& run, const CheckpointInfo& from,
                 int64_t steps_per_epoch, const distributed::ProcessGroup& group)
    : batch_size_(settings.batch_size),
      log_every_(settings.log_every),
      steps_per_epoch_(steps_per_epoch),
      group_(group),
      files_(group.is_root() ? std::make_unique<RunLog>(run, from) : nullptr) {
  start_rate(from.step);
}

void StepLog::step(const LoggedStep& step, Monitor& monitor, bool warn,
                   const std::function<void(const std::string&)>& on_warning) {
  if (!logs(step.step)) return;
  const at::Tensor r = rows_of_all(step.r), z = rows_of_all(step.z);
  if (!group_.is_root()) return;
  const Monitor::Reading seen = monitor.read(r, z, warn);
  for (const auto& warning : seen.warnings) on_warning(warning);
  collapse_ = seen.stop;
  const double dead_r = spectrum::dead_directions(seen.r);
  summary_ = format("rank r %.0f (%s dead)  z %.0f", seen.r.effective_rank_lambda,
                    std::isnan(dead_r) ? "?" : format("%.0f", dead_r).c_str(), seen.z.effective_rank_lambda);
  std::vector<std::pair<std::string, double>> values = {{"loss", step.loss},
                                                        {"lr", step.lr},
                                                        {"images_per_second", images_per_second(step.step)},
                                                        {"rank_r", seen.r.effective_rank_lambda},
                                                        {"rank_z", seen.z.effective_rank_lambda},
                                                        {"dead_r", dead_r},
                                                        {"dead_z", spectrum::dead_directions(seen.z)},
                                                        {"alignment_r", seen.alignment_r},
                                                        {"alignment_z", seen.alignment_z},
                                                        {"uniformity_r", seen.uniformity_r},
                                                        {"uniformity_z", seen.uniformity_z}};
  if (step.online_top1) values.emplace_back("online_top1", *step.online_top1);
  files_->write(step.step, epoch_of(step.step), values, seen.r.values,
                monitor.watches_z() ? seen.z.values : std::vector<double>{});
  start_rate(step.step);
}

void StepLog::knn(int64_t step, double top1) {
  files_->write(step, epoch_of(step), {{"knn_top1", top1}});
  start_rate(step);
}

// Both views' rows of all ranks, on rank 0, of the type that they have: what it rounds away belongs to what is judged.
// Undefined elsewhere.
at::Tensor StepLog::rows_of_all(const at::Tensor& both_views) const {
  std::vector<at::Tensor> views;
  for (const auto& view : both_views.detach().to(at::kFloat).chunk(2)) {
    views.push_back(group_.gather_rows_to_root(view, batch_size_));
  }
  return group_.is_root() ? at::cat(views).to(both_views.scalar_type()) : at::Tensor();
}

double StepLog::images_per_second(int64_t step) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - rate_since_).count();
  return static_cast<double>((step - rate_since_step_) * batch_size_) / std::max(seconds, 1e-9);
}

void StepLog::start_rate(int64_t step) {
  rate_since_ = Clock::now();
  rate_since_step_ = step;
}

}  // namespace directclr::train
