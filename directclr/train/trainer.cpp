#include "directclr/train/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "directclr/core/core_turns.h"
#include "directclr/core/disk_full.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/parallel.h"
#include "directclr/core/shell_word.h"
#include "directclr/core/text.h"
#include "directclr/distributed/gradient_sum.h"
#include "directclr/eval/batch_images.h"
#include "directclr/model/convolution.h"
#include "directclr/optim/schedule.h"
#include "directclr/train/agreement.h"
#include "directclr/train/device.h"
#include "directclr/train/gradient_step.h"
#include "directclr/train/knn_score.h"
#include "directclr/train/loss_record.h"
#include "directclr/train/network.h"
#include "directclr/train/online_head.h"
#include "directclr/train/parts.h"
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
  const data::Source* knn_images;  // null: no k-NN scores
  int64_t steps_per_epoch;
  Network network;  // on the device
  const Parts& parts;
  int64_t epochs_before;  // of a run that is given more, else 0
  std::optional<bool> every_loss;
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
        between_checkpoints_(
            std::max<int64_t>(1, std::lround(s_.settings.checkpoint_every * static_cast<double>(s_.steps_per_epoch)))),
        reads_all_(looks_at_every_loss(s_)),
        pictures_(s_.settings.augment, s_.device),
        parameters_(tensors_of(s_.network, /*with_buffers=*/false)),
        optimizer_(s_.parts.optimizer ? s_.parts.optimizer(parameters_)
                                      : optim::make_optimizer(s_.settings.optimizer, parameters_)),
        loss_(s_.parts.loss ? s_.parts.loss : pair_loss(s_.settings.loss)),
        gradients_(without_names(parameters_), s_.group),
        monitor_(monitor_options(s_), s_.network.encoder.representation, s_.network.projector->embedding(), s_.device) {
    const data::Source& images = s_.data.images();
    if (s_.settings.online_head && images.labelled()) {
      head_ = std::make_unique<OnlineHead>(s_.network.encoder.representation,
                                           static_cast<int64_t>(images.class_names().size()), s_.device, s_.group);
    }
    state_ = tensors_of(s_.network, /*with_buffers=*/true);
    for (auto& [name, tensor] : optimizer_->state()) state_.emplace_back("optimizer/" + name, tensor);
    for (auto& item : monitor_.state()) state_.push_back(item);
    if (head_) head_->add_state(state_);
  }

  TrainResult run() {
    done_ = restore(s_.run, state_, s_.settings.data, s_.data.images().fingerprint(), s_.context, s_.group);
    if (s_.group.is_root()) {
      done_.run_id = s_.run.id();
      best_ = std::make_unique<BestCheckpoint>(s_.run, s_.settings.keep_best, done_.run_id);
    }
    if (s_.epochs_before > 0) say_schedule();
    first_step_ = done_.step;
    seconds_before_ = done_.seconds;
    losses_ = std::make_unique<LossRecord>(s_.device, s_.group, done_.loss_sum);
    log_ = std::make_unique<StepLog>(s_.settings, s_.run, done_, s_.steps_per_epoch, s_.group);
    data::LoaderOptions loading = training_loader_options(s_.settings, first_step_, s_.steps_per_epoch, s_.device,
                                                          s_.bfloat16, s_.context, s_.group);
    pictures_.fetch_from(loading);
    data::Loader loader(s_.data.images(), loading);
    begin_ = SessionClock::now();
    const auto next = [&](data::Batch& batch) {
      s_.group.set_activity(at_step("waiting for images"), /*on_device=*/false);
      return loader.next(batch);
    };
    StepReport report;
    for (data::Batch batch; done_.step < schedule_.total_steps && next(batch);) {
      report = step(batch);
      done_.step = report.step;
      ++done_.loss_steps;
      report_progress(report);
      bool enough = asks_to_stop(s_.parts.callbacks.on_step, report);
      if (done_.step % s_.steps_per_epoch == 0) {
        enough |= asks_to_stop(s_.parts.callbacks.on_epoch, end_epoch(report));
      }
      const StopReasons stop =
          agree_on_stop({s_.context.stop_requested(), !log_->collapse().empty(), enough}, s_.group);
      const bool regular = is_regular(done_.step);
      if (stop.any() && !regular) read_losses();
      if (regular) offer_as_best();
      if (regular || stop.any()) checkpoint();
      if (stop.any() && !is_last(done_.step)) end_early(stop);
    }
    if (s_.group.is_root()) write_finished_run(s_.run, s_.network, done_, s_.settings.epochs);
    const double seconds = seconds_of_session();
    return {done_.step, done_.seconds,
            static_cast<double>((done_.step - first_step_) * s_.settings.batch_size) / std::max(seconds, 1e-9),
            report.loss};
  }

 private:
  static MonitorOptions monitor_options(const Setup& s) {
    return {s.settings.monitor_every, s.settings.monitor_memory, s.settings.stop,
            s.parts.projector != nullptr || s.settings.projector.projector != "none"};
  }
  static std::vector<torch::Tensor> without_names(const std::vector<optim::NamedTensor>& named) {
    std::vector<torch::Tensor> tensors;
    for (const auto& [name, tensor] : named) tensors.push_back(tensor);
    return tensors;
  }

  template <class Report>
  static bool asks_to_stop(const std::function<Then(const Report&)>& callback, const Report& report) {
    return callback && callback(report) == Then::kStop;
  }

  static bool looks_at_every_loss(const Setup& s) {
    if (!s.device.is_cpu() && s.group.world_size() > 1) return true;
    // On processors a loss is there when the step is.
    const bool mine = s.every_loss.value_or(s.device.is_cpu() || s.parts.callbacks.on_step);
    return s.group.all_reduce(mine ? 1 : 0) > 0;
  }

  bool is_last(int64_t step) const { return step == schedule_.total_steps; }
  // At whose end a checkpoint is due.
  bool is_regular(int64_t step) const { return is_last(step) || step % between_checkpoints_ == 0; }

  // Whether the host waits for the loss of a step. On a device it would hold up both: the host goes on to tell the next
  // step, and looks where somebody else does.
  bool reads(int64_t step) const {
    return reads_all_ || log_->logs(step) || step % s_.steps_per_epoch == 0 || is_regular(step);
  }

  // All that leaves the run (checkpoints, logs, reports) comes after a look at the losses, or is none.
  void read_losses() {
    seen_ = losses_->read();
    done_.loss_sum = seen_.sum;
    if (seen_.not_finite > 0) fail_numerically(seen_.not_finite);
  }

  StepReport step(const data::Batch& batch) {
    const StepViews views{pictures_.global_views(batch), pictures_.local_views(batch)};
    s_.network.encoder.module->train();
    s_.network.projector->train();
    optimizer_->zero_grad();
    const CoreTurns::Turn turn = turns_.take(s_.context);
    s_.group.set_activity(at_step("forward and backward"));
    const StepOutput out = accumulate_gradients(s_.network, views, done_.step, loss_, s_.settings.micro_batch,
                                                s_.bfloat16, {s_.group, s_.settings.batch_size}, &gradients_);
    const double lr = schedule_.at(done_.step);
    losses_->add(done_.step + 1, out.loss, train_head(batch, out.r, lr));
    if (reads(done_.step + 1)) read_losses();
    optimizer_->step(lr);

    StepReport report{done_.step + 1, schedule_.total_steps, 0, seen_.loss, lr, std::nullopt, out.r, out.z};
    report.epoch = static_cast<double>(report.step) / static_cast<double>(s_.steps_per_epoch);
    if (head_) report.online_top1 = static_cast<double>(seen_.right) / static_cast<double>(2 * s_.settings.batch_size);
    monitor_.observe(report.step, out.r, out.z, s_.group);
    log_->step({report.step, report.loss, lr, report.online_top1, out.r, out.z}, monitor_,
               /*warn=*/report.step > grace_steps(), [&](const std::string& warning) { warn(report.step, warning); });
    return report;
  }

  // How many steps the network has to leave its beginnings. One step at least: nothing is said of an untrained network.
  int64_t grace_steps() const {
    const double grace = s_.settings.grace_epochs * static_cast<double>(s_.steps_per_epoch);
    return std::max({int64_t{1}, schedule_.warmup_steps, static_cast<int64_t>(std::llround(grace)) - 1});
  }

  void warn(int64_t step, const std::string& warning) const {
    s_.context.notice(format("warning: step %lld, ", static_cast<long long>(step)) + warning);
    if (s_.parts.callbacks.on_warning) s_.parts.callbacks.on_warning(step, warning);
  }

  // How many of this rank's rows the online head knew, before it learns from them; undefined without a head.
  torch::Tensor train_head(const data::Batch& batch, const torch::Tensor& r, double lr) {
    if (!head_) return {};
    const torch::Tensor labels = pictures_.labels(batch).repeat({2});
    const double share_of_peak = std::max(0.01, lr / std::max(s_.settings.optimizer.lr, 1e-30));
    return head_->step(r, labels, 2 * s_.settings.batch_size, share_of_peak);
  }

  EpochReport end_epoch(const StepReport& last) {
    EpochReport report{last.step / s_.steps_per_epoch, last.step, last.loss, std::nullopt};
    if (!s_.knn_images || report.epoch % s_.settings.knn_every != 0) return report;
    s_.group.set_activity(at_step("k-NN score"));
    report.knn_top1 =
        knn_score(s_.network.encoder, s_.data.images(), *s_.knn_images, s_.settings, s_.device, s_.context, s_.group);
    if (!report.knn_top1) return report;
    log_->knn(done_.step, *report.knn_top1);
    if (best_->wants("knn_top1")) {
      log_->mark(done_);
      best_->offer(*report.knn_top1, state_, done_);
    }
    return report;
  }

  // At a regular checkpoint, before it is written: a run that dies between the two comes to the same again.
  void offer_as_best() {
    if (best_) {
      log_->mark(done_);
      if (best_->wants("rank_r")) best_->offer(monitor_.rank_r(), state_, done_);
      if (best_->wants("loss")) best_->offer(done_.loss_sum / static_cast<double>(done_.loss_steps), state_, done_);
    }
    losses_->clear_sum();
    done_.loss_sum = 0;
    done_.loss_steps = 0;
  }

  void say_schedule() const {
    const auto number = [](int64_t n) { return static_cast<long long>(n); };
    const int64_t next = done_.step + 1, last = schedule_.total_steps;
    const auto before = schedule_of(s_.settings.optimizer, s_.steps_per_epoch, s_.epochs_before);
    s_.context.notice(
        format("notice: %lld epochs instead of %lld: from step %lld on the learning rate is that of a run of %lld "
               "epochs, %g at "
               "step %lld and %g at step %lld (the last was %g); what was found out about the shorter run is removed",
               number(s_.settings.epochs), number(s_.epochs_before), number(next), number(s_.settings.epochs),
               schedule_.at(next - 1), number(next), schedule_.at(last - 1), number(last),
               done_.step > 0 ? before.at(done_.step - 1) : 0.0));
  }

  void checkpoint() {
    s_.group.set_activity(at_step("writing a checkpoint"));
    check_replicas(parameters_, done_.step, s_.group);
    done_.seconds = seconds_before_ + seconds_of_session();
    if (!s_.group.is_root()) return;
    log_->mark(done_);
    save_checkpoint(s_.run, state_, done_);
  }

  [[noreturn]] void fail_numerically(int64_t step) const {
    const auto saved = s_.run.checkpoints();
    throw NumericalError(format("the loss is not finite at step %lld (learning rate %g); last good checkpoint: %s",
                                static_cast<long long>(step), schedule_.at(step - 1),
                                saved.empty() ? "none" : s_.run.checkpoint(saved.front()).c_str()));
  }

  [[noreturn]] void end_early(const StopReasons& stop) const {
    const std::string saved =
        format("stopped after step %lld of %lld; saved, continue with: directclr train --resume --out %s",
               static_cast<long long>(done_.step), static_cast<long long>(schedule_.total_steps),
               shell_word(s_.run.path().string()).c_str());
    if (stop.collapse) {
      std::vector<std::string> lines = log_->collapse();
      lines.push_back(saved);
      throw spectrum::GateFailure(std::move(lines));
    }
    throw Interrupted(saved);
  }

  void report_progress(const StepReport& report) const {
    const auto images = [&](int64_t steps) { return static_cast<uint64_t>(steps * s_.settings.batch_size); };
    s_.context.progress({"train", images(done_.step), images(schedule_.total_steps), "images",
                         images(done_.step - first_step_),
                         // The most telling first: a short line leaves out the others.
                         log_->summary() + format("  loss %.3f  lr %.3g", report.loss, report.lr)});
  }

  std::string at_step(const char* activity) const {
    return format("step %lld, %s", static_cast<long long>(done_.step + 1), activity);
  }
  double seconds_of_session() const { return std::chrono::duration<double>(SessionClock::now() - begin_).count(); }

  Setup s_;
  const optim::CosineSchedule schedule_;
  CoreTurns turns_;
  const int64_t between_checkpoints_;
  const bool reads_all_;  // the losses of all steps
  eval::BatchImages pictures_;
  const std::vector<optim::NamedTensor> parameters_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  const PairLoss loss_;
  distributed::GradientSum gradients_;
  Monitor monitor_;
  std::unique_ptr<OnlineHead> head_;
  TrainingState state_;  // all that a step changes
  std::unique_ptr<LossRecord> losses_;
  LossRecord::Reading seen_;  // at the last look
  std::unique_ptr<StepLog> log_;
  std::unique_ptr<BestCheckpoint> best_;  // rank 0's
  CheckpointInfo done_;
  int64_t first_step_ = 0;  // of this session
  double seconds_before_ = 0;
  SessionClock::time_point begin_;
};

void check_parts(const settings::TrainSettings& settings, const Parts& parts) {
  if (settings.knn_every > 0 && parts.source) {
    throw InputError("--knn-every", "the k-NN score asks the test part of --data, and the source is an own one",
                     "0, and a score of one's own in Callbacks::on_epoch");
  }
}

}  // namespace

TrainResult train(const settings::TrainSettings& settings, const Parts& parts, const settings::RunDirectory& run,
                  const TrainOptions& options) {
  const distributed::ProcessGroup& group = options.group;
  const std::vector<std::string> own = own_parts(parts);
  // Who works in the directory refuses others at once; a new one is made when nothing refuses it any more.
  std::unique_ptr<FolderLock> owner;
  if (group.is_root() && std::filesystem::is_directory(run.path())) owner = std::make_unique<FolderLock>(run.path());
  if (const auto finished = check_directory(settings, run, options.mode, own, group)) {
    return {finished->steps, finished->seconds, 0, 0, /*finished_before=*/true};
  }
  const ThreadLimit limit(static_cast<size_t>(settings.threads));
  const torch::Device device = resolve_device(settings.device, group.local_rank());
  const bool bfloat16 = resolve_bfloat16(settings.precision, device);
  at::set_num_threads(static_cast<int>(settings.threads));

  // All that may refuse comes before anything is written.
  check_parts(settings, parts);
  const TrainingData data(settings, parts.source, options.context);
  group.set_activity("comparing settings and data with the other processes");
  check_alike(settings, bfloat16, data.images().fingerprint(), own, group);
  const auto test_images = settings.knn_every > 0 ? knn_images(data.images(), settings, options.context) : nullptr;
  if (settings.keep_best == "knn_top1" && !(data.images().labelled() && data::has_test_split(settings.data))) {
    throw InputError("--keep-best", "knn_top1 needs labelled training and test images");
  }
  const int64_t steps_per_epoch = data.steps_per_epoch(settings);
  check_shares(settings, group);
  const Network network = network_of(settings, parts, device);
  if (settings.sync_batch_norm) {
    model::synchronise_batch_norms(*network.encoder.module, group);
    model::synchronise_batch_norms(*network.projector, group);
  }
  const int64_t convolution_rule = model::convolution_rule(bfloat16, model::products_here());
  try {
    int64_t epochs_before = 0;
    if (group.is_root()) {
      if (!owner) {
        make_directories(run.path());
        owner = std::make_unique<FolderLock>(run.path());
        if (run.is_used()) throw InputError(run.path().string(), "another process has made a run here just now");
      }
      if (options.mode == settings::StartMode::kResume && !run.checkpoints().empty() &&
          recorded_convolution_rule(run) != convolution_rule) {
        options.context.notice(
            "notice: the run was begun by a version, or on a processor, that computes convolutions in another way; "
            "from here on its numbers are not, to the last bit, those of a run without a stop");
      }
      epochs_before = prepare_directory(
          settings, run, options.mode,
          {options.command_line, device_name(device), bfloat16, convolution_rule, group.world_size(), own},
          data.images());
    }
    return TrainingLoop({settings, run, options.context, group, device, bfloat16, data, test_images.get(),
                         steps_per_epoch, network, parts, epochs_before, options.every_loss})
        .run();
  } catch (const DiskFull& full) {
    if (!run.exists()) throw;
    throw full.with_hint("free some space, then continue with: directclr train --resume --out " +
                         shell_word(run.path().string()));
  }
}

TrainResult train(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
                  const std::string& command_line, const Context& context, const distributed::ProcessGroup& group) {
  return train(settings, Parts{}, run, {mode, command_line, context, group});
}

}  // namespace directclr::train
