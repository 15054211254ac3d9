#include "directclr/train/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "directclr/core/core_turns.h"
#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/distributed/gradient_sum.h"
#include "directclr/eval/batch_images.h"
#include "directclr/optim/schedule.h"
#include "directclr/train/agreement.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/device.h"
#include "directclr/train/gradient_step.h"
#include "directclr/train/knn_score.h"
#include "directclr/train/online_head.h"
#include "directclr/train/replica_check.h"
#include "directclr/train/restore.h"
#include "directclr/train/same_everywhere.h"
#include "directclr/train/start.h"
#include "directclr/train/step_log.h"
#include "directclr/train/training_data.h"

namespace directclr::train {
namespace {

using SessionClock = std::chrono::steady_clock;

/// What a run computes with: everything that is there before the first step.
struct Setup {
  const settings::TrainSettings& settings;
  const settings::RunDirectory& run;
  const Context& context;
  const distributed::ProcessGroup& group;
  torch::Device device;
  bool bfloat16;
  const TrainingData& data;
  int64_t steps_per_epoch;
  ContrastiveModel model;  // on the device
};

optim::CosineSchedule schedule_of(const settings::OptimSettings& settings, int64_t steps_per_epoch, int64_t epochs) {
  return {settings.lr, std::lround(settings.warmup_epochs * static_cast<double>(steps_per_epoch)),
          steps_per_epoch * epochs, settings.final_lr_share};
}

/// The steps of a run, one after another.
class TrainingLoop {
 public:
  explicit TrainingLoop(Setup setup)
      : s_(std::move(setup)),
        schedule_(schedule_of(s_.settings.optimizer, s_.steps_per_epoch, s_.settings.epochs)),
        // Processes of one run wait for one another in every step: they cannot take turns with others one by one.
        turns_(s_.device.is_cpu() && s_.group.world_size() == 1 ? s_.settings.threads : 0),
        pictures_(s_.settings.augment, s_.device),
        parameters_(parameters_of(s_.model)),
        optimizer_(optim::make_optimizer(s_.settings.optimizer, parameters_)),
        gradients_(tensors_of(parameters_), s_.group),
        monitor_(s_.settings, s_.model.encoder->representation(), s_.model.projector->embedding(), s_.device) {
    const data::Source& images = s_.data.images();
    if (s_.settings.online_head && images.labelled()) {
      head_ = std::make_unique<OnlineHead>(s_.model.encoder->representation(),
                                           static_cast<int64_t>(images.class_names().size()), s_.device, s_.group);
    }
    for (auto& item : named_tensors(*s_.model.encoder, "encoder/", true)) state_.push_back(item);
    for (auto& item : named_tensors(*s_.model.projector, "projector/", true)) state_.push_back(item);
    for (auto& [name, tensor] : optimizer_->state()) state_.emplace_back("optimizer/" + name, tensor);
    for (auto& item : monitor_.state()) state_.push_back(item);
    if (head_) head_->add_state(state_);
  }

  TrainResult run() {
    done_ = restore(s_.run, state_, s_.settings.data, s_.data.images().fingerprint(), s_.context, s_.group);
    first_step_ = done_.step;
    seconds_before_ = done_.seconds;
    log_ = std::make_unique<StepLog>(s_.settings, s_.run, done_, s_.steps_per_epoch, s_.group);
    data::Loader loader(s_.data.images(), training_loader_options(s_.settings, first_step_, s_.steps_per_epoch,
                                                                  s_.device, s_.bfloat16, s_.context, s_.group));
    begin_ = SessionClock::now();
    const int64_t between_checkpoints =
        std::max<int64_t>(1, std::lround(s_.settings.checkpoint_every * static_cast<double>(s_.steps_per_epoch)));
    const auto next = [&](data::Batch& batch) {
      s_.group.set_activity(at_step("waiting for images"), /*on_device=*/false);
      return loader.next(batch);
    };
    double loss = 0;
    for (data::Batch batch; done_.step < schedule_.total_steps && next(batch);) {
      loss = step(batch);
      ++done_.step;
      report_progress(loss);
      if (done_.step % s_.steps_per_epoch == 0) end_epoch(done_.step / s_.steps_per_epoch);
      const bool last = done_.step == schedule_.total_steps;
      const StopReasons stop = agree_on_stop({s_.context.stop_requested(), !log_->collapse().empty()}, s_.group);
      if (last || stop.any() || done_.step % between_checkpoints == 0) checkpoint();
      if (stop.any() && !last) end_early(stop);
    }
    if (s_.group.is_root()) write_finished_run(s_.run, s_.model, done_);
    const double seconds = seconds_of_session();
    return {done_.step, done_.seconds,
            static_cast<double>((done_.step - first_step_) * s_.settings.batch_size) / std::max(seconds, 1e-9), loss};
  }

 private:
  static std::vector<optim::NamedTensor> parameters_of(const ContrastiveModel& model) {
    auto parameters = named_tensors(*model.encoder, "encoder/", false);
    for (auto& item : named_tensors(*model.projector, "projector/", false)) parameters.push_back(item);
    return parameters;
  }
  static std::vector<torch::Tensor> tensors_of(const std::vector<optim::NamedTensor>& named) {
    std::vector<torch::Tensor> tensors;
    for (const auto& [name, tensor] : named) tensors.push_back(tensor);
    return tensors;
  }

  // Returns the batch's loss.
  double step(const data::Batch& batch) {
    const StepViews views{pictures_.global_views(batch), pictures_.local_views(batch)};
    s_.model.encoder->train();
    s_.model.projector->train();
    optimizer_->zero_grad();
    const CoreTurns::Turn turn = turns_.take(s_.context);
    s_.group.set_activity(at_step("forward and backward"));
    const StepOutput out = accumulate_gradients(s_.model, views, done_.step, s_.settings.loss, s_.settings.micro_batch,
                                                s_.bfloat16, {s_.group, s_.settings.batch_size}, &gradients_);
    const double lr = schedule_.at(done_.step);
    const StepTotals totals = sum_over_ranks({out.loss, train_head(batch, out.r, lr)}, s_.group);
    if (!std::isfinite(totals.loss)) fail_numerically(lr);
    optimizer_->step(lr);

    LoggedStep logged{done_.step + 1, totals.loss, lr, std::nullopt, out.r, out.z};
    if (head_) logged.online_top1 = static_cast<double>(totals.right) / static_cast<double>(2 * s_.settings.batch_size);
    monitor_.observe(logged.step, out.r, out.z, s_.group);
    const bool warm = logged.step > schedule_.warmup_steps;
    log_->step(logged, monitor_, warm, [&](const std::string& warning) {
      s_.context.notice(format("warning: step %lld, ", static_cast<long long>(logged.step)) + warning);
    });
    return totals.loss;
  }

  // How many of this rank's rows the online head knew, before it learns from them.
  int64_t train_head(const data::Batch& batch, const torch::Tensor& r, double lr) {
    if (!head_) return 0;
    const torch::Tensor labels =
        torch::from_blob(const_cast<int64_t*>(batch.labels), {batch.count}, torch::kLong).to(s_.device).repeat({2});
    const double share_of_peak = std::max(0.01, lr / std::max(s_.settings.optimizer.lr, 1e-30));
    return std::llround(head_->step(r, labels, 2 * s_.settings.batch_size, share_of_peak));
  }

  void end_epoch(int64_t epoch) {
    if (s_.settings.knn_every == 0 || epoch % s_.settings.knn_every != 0) return;
    s_.group.set_activity(at_step("k-NN score"));
    const auto top1 = knn_score(s_.model.encoder, s_.data.images(), s_.settings, s_.device, s_.context, s_.group);
    if (top1) log_->knn(done_.step, *top1);
  }

  void checkpoint() {
    s_.group.set_activity(at_step("writing a checkpoint"));
    check_replicas(parameters_, done_.step, s_.group);
    done_.seconds = seconds_before_ + seconds_of_session();
    if (!s_.group.is_root()) return;
    log_->mark(done_);
    save_checkpoint(s_.run, state_, done_);
  }

  [[noreturn]] void fail_numerically(double lr) const {
    const auto saved = s_.run.checkpoints();
    throw NumericalError(format("the loss is not finite at step %lld (learning rate %g); last good checkpoint: %s",
                                static_cast<long long>(done_.step + 1), lr,
                                saved.empty() ? "none" : s_.run.checkpoint(saved.front()).c_str()));
  }

  [[noreturn]] void end_early(const StopReasons& stop) const {
    const std::string saved = format(
        "stopped after step %lld of %lld; saved, continue with: directclr train --resume --out %s",
        static_cast<long long>(done_.step), static_cast<long long>(schedule_.total_steps), s_.run.path().c_str());
    if (stop.collapse) throw NumericalError("--stop-under: " + log_->collapse() + "; " + saved);
    throw Interrupted(saved);
  }

  void report_progress(double loss) const {
    const auto images = [&](int64_t steps) { return static_cast<uint64_t>(steps * s_.settings.batch_size); };
    s_.context.progress({"train", images(done_.step), images(schedule_.total_steps), "images",
                         images(done_.step - first_step_),
                         format("loss %.3f  lr %.3g  ", loss, schedule_.at(done_.step - 1)) + log_->summary()});
  }

  std::string at_step(const char* activity) const {
    return format("step %lld, %s", static_cast<long long>(done_.step + 1), activity);
  }
  double seconds_of_session() const { return std::chrono::duration<double>(SessionClock::now() - begin_).count(); }

  Setup s_;
  const optim::CosineSchedule schedule_;
  CoreTurns turns_;
  const eval::BatchImages pictures_;
  const std::vector<optim::NamedTensor> parameters_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  distributed::GradientSum gradients_;
  Monitor monitor_;
  std::unique_ptr<OnlineHead> head_;
  TrainingState state_;  // all that a step changes
  std::unique_ptr<StepLog> log_;
  CheckpointInfo done_;
  int64_t first_step_ = 0;  // of this session
  double seconds_before_ = 0;
  SessionClock::time_point begin_;
};

}  // namespace

TrainResult train(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
                  const std::string& command_line, const Context& context, const distributed::ProcessGroup& group) {
  if (const auto finished = check_directory(settings, run, mode, group)) {
    return {finished->steps, finished->seconds, 0, 0, /*finished_before=*/true};
  }
  const ThreadLimit limit(static_cast<size_t>(settings.threads));
  const torch::Device device = resolve_device(settings.device, group.local_rank());
  const bool bfloat16 = resolve_bfloat16(settings.precision, device);
  at::set_num_threads(static_cast<int>(settings.threads));

  // All that may refuse comes before anything is written.
  const TrainingData data(settings, nullptr, context);
  group.set_activity("comparing settings and data with the other processes");
  check_alike(settings, bfloat16, data.images().fingerprint(), group);
  const int64_t steps_per_epoch = data.steps_per_epoch(settings);
  check_shares(settings, group);
  ContrastiveModel model = make_model(settings);
  model.encoder->to(device);
  model.projector->to(device);
  model::to_channels_last(*model.encoder);
  if (settings.sync_batch_norm) {
    model::synchronise_batch_norms(*model.encoder, group);
    model::synchronise_batch_norms(*model.projector, group);
  }
  if (group.is_root()) {
    prepare_directory(settings, run, mode, {command_line, device_name(device), bfloat16, group.world_size()},
                      data.images());
  }
  return TrainingLoop({settings, run, context, group, device, bfloat16, data, steps_per_epoch, model}).run();
}

}  // namespace directclr::train
