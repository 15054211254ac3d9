#include "directclr/train/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "directclr/core/core_turns.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/data/loader.h"
#include "directclr/data/subset.h"
#include "directclr/distributed/gradient_sum.h"
#include "directclr/eval/batch_images.h"
#include "directclr/eval/features.h"
#include "directclr/eval/knn.h"
#include "directclr/optim/schedule.h"
#include "directclr/train/checkpoint.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/device.h"
#include "directclr/train/gradient_step.h"
#include "directclr/train/monitor.h"
#include "directclr/train/online_head.h"
#include "directclr/train/run_log.h"
#include "directclr/train/same_everywhere.h"
#include "directclr/train/start.h"

namespace directclr::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class Trainer {
 public:
  Trainer(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
          const std::string& command_line, const Context& context, const distributed::ProcessGroup& group)
      : settings_(settings),
        run_(run),
        context_(context),
        group_(group),
        device_(resolve_device(settings.device, group.local_rank())),
        // Processes of one run wait for one another in every step: they cannot take turns with others one by one.
        turns_(device_.is_cpu() && group.world_size() == 1 ? settings.threads : 0) {
    bfloat16_ = resolve_bfloat16(settings.precision, device_);
    at::set_num_threads(static_cast<int>(settings.threads));
    source_ = data::open_source(settings.data, data::Split::kTrain, opening());
    if (settings.limit > 0 && static_cast<uint64_t>(settings.limit) < source_->size()) {
      all_images_ = std::move(source_);
      const auto count = static_cast<uint64_t>(settings.limit);
      source_ = std::make_unique<data::Subset>(*all_images_, data::spread_places(count, all_images_->size()));
    }
    group_.set_activity("comparing settings and data with the other processes");
    check_alike(settings, bfloat16_, source_->fingerprint(), group_);
    if (source_->size() < 2) throw InputError(settings.data, "contrastive learning needs at least two images");
    model_ = make_model(settings);  // before anything is written: it may refuse the settings
    steps_per_epoch_ = static_cast<int64_t>(source_->size()) / settings.batch_size;
    if (steps_per_epoch_ == 0) {
      throw InputError("--batch-size",
                       format("%lld is larger than the data (%llu images)", static_cast<long long>(settings.batch_size),
                              static_cast<unsigned long long>(source_->size())));
    }
    check_share();
    if (group_.is_root()) {
      prepare_directory(settings, run, mode, {command_line, device_name(device_), bfloat16_, group_.world_size()},
                        *source_);
    }
    build();
  }

  TrainResult run() {
    CheckpointInfo from = restore();
    if (from.step > 0 && from.fingerprint != source_->fingerprint()) {
      throw InputError(settings_.data, "the data differ from those the run began with");
    }
    if (group_.is_root()) log_ = std::make_unique<RunLog>(run_, from);
    info_ = from;
    info_.fingerprint = source_->fingerprint();
    const int64_t total = steps_per_epoch_ * settings_.epochs;
    schedule_ = {settings_.optimizer.lr,
                 std::lround(settings_.optimizer.warmup_epochs * static_cast<double>(steps_per_epoch_)), total,
                 settings_.optimizer.final_lr_share};
    data::Loader loader(*source_, loader_options(from.step));
    first_step_ = from.step;
    session_start_ = last_log_ = Clock::now();
    last_logged_step_ = from.step;
    const int64_t between_checkpoints =
        std::max<int64_t>(1, std::lround(settings_.checkpoint_every * static_cast<double>(steps_per_epoch_)));

    double loss = 0;
    const auto next = [&](data::Batch& batch) {
      group_.set_activity(at_step("waiting for images"), /*on_device=*/false);
      return loader.next(batch);
    };
    for (data::Batch batch; info_.step < total && next(batch);) {
      loss = train_step(batch);
      ++info_.step;
      report_progress(total, loss);
      const bool epoch_ends = info_.step % steps_per_epoch_ == 0;
      if (epoch_ends && settings_.knn_every > 0 && (info_.step / steps_per_epoch_) % settings_.knn_every == 0) {
        log_knn();
      }
      const bool last = info_.step == total;
      const bool collapse = group_.world_size() == 1 ? !collapsed_.empty() : collapse_agreed_;
      const bool stop = collapse || (group_.world_size() == 1 ? context_.stop_requested() : stop_agreed_);
      if (last || stop || info_.step % between_checkpoints == 0) checkpoint(from.seconds);
      if (stop && !last) {
        const std::string saved =
            format("stopped after step %lld of %lld; saved, continue with: directclr train --resume --out %s",
                   static_cast<long long>(info_.step), static_cast<long long>(total), run_.path().c_str());
        if (collapse) throw NumericalError("--stop-under: " + collapsed_ + "; " + saved);
        throw Interrupted(saved);
      }
    }
    if (group_.is_root()) finish();
    const double session = seconds_since(session_start_);
    return {info_.step, info_.seconds,
            static_cast<double>((info_.step - first_step_) * settings_.batch_size) / std::max(session, 1e-9), loss};
  }

 private:
  std::string at_step(const char* activity) const {
    return format("step %lld, %s", static_cast<long long>(info_.step + 1), activity);
  }

  // Every process's rows must be parts of one size, if parts there are, and some rows there must be.
  void check_share() const {
    const int64_t ranks = group_.world_size();
    if (settings_.batch_size < ranks) {
      refuse_together(group_, InputError("--batch-size", format("%lld images cannot be shared out among %lld processes",
                                                                static_cast<long long>(settings_.batch_size),
                                                                static_cast<long long>(ranks))));
    }
    if (settings_.micro_batch > 0 && settings_.batch_size % (settings_.micro_batch * ranks) != 0) {
      refuse_together(group_,
                      InputError("--micro-batch",
                                 format("%lld processes with parts of %lld images do not divide a batch of "
                                        "%lld",
                                        static_cast<long long>(ranks), static_cast<long long>(settings_.micro_batch),
                                        static_cast<long long>(settings_.batch_size))));
    }
  }

  // Rank 0's newest checkpoint, on all processes.
  CheckpointInfo restore() {
    group_.set_activity("reading the checkpoint");
    CheckpointInfo from;
    if (group_.is_root()) from = load_checkpoint(run_, state_, context_);
    if (group_.world_size() == 1) return from;
    torch::Tensor numbers = torch::tensor({from.step, static_cast<int64_t>(from.fingerprint)});
    group_.broadcast_(numbers);
    from.step = numbers[0].item<int64_t>();
    from.fingerprint = static_cast<uint64_t>(numbers[1].item<int64_t>());
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : state_) group_.broadcast_(tensor);
    return from;
  }

  void build() {
    model_.encoder->to(device_);
    model_.projector->to(device_);
    model::to_channels_last(*model_.encoder);
    pictures_ = std::make_unique<eval::BatchImages>(settings_.augment, device_);
    if (settings_.sync_batch_norm) {
      model::synchronise_batch_norms(*model_.encoder, group_);
      model::synchronise_batch_norms(*model_.projector, group_);
    }
    auto parameters = named_tensors(*model_.encoder, "encoder/", false);
    for (auto& item : named_tensors(*model_.projector, "projector/", false)) parameters.push_back(item);
    optimizer_ = optim::make_optimizer(settings_.optimizer, parameters);
    std::vector<torch::Tensor> tensors;
    for (const auto& [name, tensor] : parameters) tensors.push_back(tensor);
    gradients_ = std::make_unique<distributed::GradientSum>(tensors, group_);
    for (auto& item : named_tensors(*model_.encoder, "encoder/", true)) state_.push_back(item);
    for (auto& item : named_tensors(*model_.projector, "projector/", true)) state_.push_back(item);
    for (auto& [name, tensor] : optimizer_->state()) state_.emplace_back("optimizer/" + name, tensor);
    monitor_ =
        std::make_unique<Monitor>(settings_, model_.encoder->representation(), model_.projector->embedding(), device_);
    for (auto& item : monitor_->state()) state_.push_back(item);
    if (settings_.online_head && source_->labelled()) {
      head_ = std::make_unique<OnlineHead>(model_.encoder->representation(),
                                           static_cast<int64_t>(source_->class_names().size()), device_, group_);
      head_->add_state(state_);
    }
  }

  data::OpenOptions opening() const { return {settings_.skip_bad, context_.notice}; }

  data::LoaderOptions loader_options(int64_t step) const {
    data::LoaderOptions options;
    options.augment = settings_.augment;
    options.batch_size = settings_.batch_size;
    options.seed = static_cast<uint64_t>(settings_.seed);
    options.first_epoch = static_cast<uint32_t>(step / steps_per_epoch_);
    options.first_batch = static_cast<uint64_t>(step % steps_per_epoch_);
    options.end_epoch = static_cast<uint32_t>(settings_.epochs);
    options.part = group_.rank();
    options.parts = group_.world_size();
    options.workers = settings_.workers;
    options.skip_bad = settings_.skip_bad;
    options.format = eval::pixel_format_for(device_, bfloat16_);
    options.shuffle_block = settings_.shuffle_block;
    options.yield_to_trainer = device_.is_cpu();
    options.notice = context_.notice;
    return options;
  }

  double train_step(const data::Batch& batch) {
    const StepViews views{pictures_->global_views(batch), pictures_->local_views(batch)};
    model_.encoder->train();
    model_.projector->train();
    optimizer_->zero_grad();
    const CoreTurns::Turn turn = turns_.take(context_);
    group_.set_activity(at_step("forward and backward"));
    const StepOutput out = accumulate_gradients(model_, views, info_.step, settings_.loss, settings_.micro_batch,
                                                bfloat16_, {group_, settings_.batch_size}, gradients_.get());
    const double lr = schedule_.at(info_.step);
    double right = 0;
    if (head_) {
      const torch::Tensor labels =
          torch::from_blob(const_cast<int64_t*>(batch.labels), {batch.count}, torch::kLong).to(device_).repeat({2});
      right = head_->step(out.r, labels, 2 * settings_.batch_size,
                          std::max(0.01, lr / std::max(settings_.optimizer.lr, 1e-30)));
    }
    // What all processes must know alike before any of them goes on.
    torch::Tensor common = torch::tensor(
        {out.loss, right, context_.stop_requested() ? 1.0 : 0.0, collapsed_.empty() ? 0.0 : 1.0}, torch::kDouble);
    group_.all_reduce_(common);
    const auto* const values = common.data_ptr<double>();
    const double loss = values[0];
    const double online = values[1] / static_cast<double>(2 * settings_.batch_size);
    stop_agreed_ = values[2] > 0;
    collapse_agreed_ = values[3] > 0;
    if (!std::isfinite(loss)) fail_numerically(lr);
    optimizer_->step(lr);
    const int64_t done = info_.step + 1;
    monitor_->observe(done, out.r, out.z, group_);
    if (done % settings_.log_every == 0 || done == 1) log_step(done, loss, lr, online, out.r, out.z);
    return loss;
  }

  [[noreturn]] void fail_numerically(double lr) const {
    const auto saved = run_.checkpoints();
    throw NumericalError(format("the loss is not finite at step %lld (learning rate %g); last good checkpoint: %s",
                                static_cast<long long>(info_.step + 1), lr,
                                saved.empty() ? "none" : run_.checkpoint(saved.front()).c_str()));
  }

  void log_step(int64_t done, double loss, double lr, double online, const torch::Tensor& r, const torch::Tensor& z) {
    const torch::Tensor all_r = at_root(r), all_z = at_root(z);
    if (!group_.is_root()) return;
    const bool warn = done > schedule_.warmup_steps;
    const Monitor::Reading seen = monitor_->read(all_r, all_z, warn);
    for (const auto& warning : seen.warnings) {
      context_.notice(format("warning: step %lld, ", static_cast<long long>(done)) + warning);
    }
    collapsed_ = seen.stop;
    state_of_r_ = format("rank r %.0f (%lld dead) z %.0f", seen.r.effective_rank_lambda,
                         static_cast<long long>(seen.r.below_1e_4), seen.z.effective_rank_lambda);
    const double elapsed = seconds_since(last_log_);
    std::vector<std::pair<std::string, double>> values = {
        {"loss", loss},
        {"lr", lr},
        {"images_per_second",
         static_cast<double>((done - last_logged_step_) * settings_.batch_size) / std::max(elapsed, 1e-9)},
        {"rank_r", seen.r.effective_rank_lambda},
        {"rank_z", seen.z.effective_rank_lambda},
        {"dead_r", static_cast<double>(seen.r.below_1e_4)},
        {"dead_z", static_cast<double>(seen.z.below_1e_4)},
        {"alignment_r", seen.alignment_r},
        {"alignment_z", seen.alignment_z},
        {"uniformity_r", seen.uniformity_r},
        {"uniformity_z", seen.uniformity_z}};
    if (head_) values.emplace_back("online_top1", online);
    log_->write(done, static_cast<double>(done) / static_cast<double>(steps_per_epoch_), values);
    last_log_ = Clock::now();
    last_logged_step_ = done;
  }

  // Both views' rows of all processes, on rank 0; undefined elsewhere.
  torch::Tensor at_root(const torch::Tensor& both_views) const {
    if (group_.world_size() == 1) return both_views;
    std::vector<torch::Tensor> all;
    for (const auto& view : both_views.detach().to(torch::kFloat).chunk(2)) {
      all.push_back(group_.gather_rows_to_root(view, settings_.batch_size));
    }
    return group_.is_root() ? torch::cat(all) : torch::Tensor();
  }

  void report_progress(int64_t total, double loss) const {
    const auto images = [&](int64_t steps) { return static_cast<uint64_t>(steps * settings_.batch_size); };
    context_.progress({"train", images(info_.step), images(total), "images", images(info_.step - first_step_),
                       format("loss %.3f  lr %.3g  ", loss, schedule_.at(info_.step - 1)) + state_of_r_});
  }

  // Scored on at most 10,000 bank and 2,000 query images: often enough to watch, cheap enough to repeat.
  void log_knn() {
    if (!source_->labelled() || !data::has_test_split(settings_.data)) return;
    const auto test = data::open_labelled_source(settings_.data, data::Split::kTest, opening());
    eval::FeatureOptions options;
    options.workers = settings_.workers;
    options.skip_bad = settings_.skip_bad;
    options.limit = 10000;
    group_.set_activity(at_step("k-NN score"));
    Context quiet = context_;
    quiet.progress = [](const Progress&) {};
    quiet.stop = nullptr;
    const auto bank =
        eval::extract_features(model_.encoder, nullptr, *source_, settings_.augment, device_, options, quiet, group_);
    options.limit = 2000;
    const auto queries =
        eval::extract_features(model_.encoder, nullptr, *test, settings_.augment, device_, options, quiet, group_);
    if (!group_.is_root()) return;
    const double top1 =
        eval::knn_accuracy(bank.representation, bank.labels, queries.representation, queries.labels,
                           static_cast<int64_t>(source_->class_names().size()), settings::KnnSettings{});
    log_->write(info_.step, static_cast<double>(info_.step) / static_cast<double>(steps_per_epoch_),
                {{"knn_top1", top1}});
    last_log_ = Clock::now();  // the next rate must not count this pause
    last_logged_step_ = info_.step;
  }

  void checkpoint(double seconds_before) {
    group_.set_activity(at_step("writing a checkpoint"));
    check_replicas();
    if (!group_.is_root()) return;
    info_.seconds = seconds_before + seconds_since(session_start_);
    log_->mark(info_);
    save_checkpoint(run_, state_, info_);
  }

  // The processes compute the same updates from the same sums: their parameters must be equal bit for bit.
  void check_replicas() const {
    if (group_.world_size() == 1) return;
    const torch::NoGradGuard no_grad;
    double sum = 0;
    for (const auto& parameter : model_.encoder->parameters()) sum += parameter.to(torch::kDouble).sum().item<double>();
    for (const auto& parameter : model_.projector->parameters()) {
      sum += parameter.to(torch::kDouble).sum().item<double>();
    }
    const torch::Tensor sums = group_.all_gather_rows(torch::tensor({sum}, torch::kDouble), group_.world_size());
    if (sums.ne(sums[0]).any().item<bool>()) {
      throw Error(format("the processes' parameters differ at step %lld", static_cast<long long>(info_.step)));
    }
  }

  void finish() {
    save_weights(*model_.encoder, run_.encoder());
    save_weights(*model_.projector, run_.projector());
    const Json done = {{"steps", info_.step}, {"seconds", info_.seconds}};
    write_file(run_.done(), done.dump() + "\n");
  }

  const settings::TrainSettings& settings_;
  const settings::RunDirectory& run_;
  const Context& context_;
  distributed::ProcessGroup group_;
  torch::Device device_;
  CoreTurns turns_;
  bool bfloat16_ = false;
  std::unique_ptr<data::Source> all_images_;  // of which source_ is a part; null when it is all
  std::unique_ptr<data::Source> source_;
  int64_t steps_per_epoch_ = 0;
  ContrastiveModel model_;
  std::unique_ptr<eval::BatchImages> pictures_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<distributed::GradientSum> gradients_;
  std::unique_ptr<OnlineHead> head_;
  TrainingState state_;
  optim::CosineSchedule schedule_;
  std::unique_ptr<RunLog> log_;
  CheckpointInfo info_;
  int64_t first_step_ = 0;
  Clock::time_point session_start_;
  Clock::time_point last_log_;
  int64_t last_logged_step_ = 0;
  bool stop_agreed_ = false;
  bool collapse_agreed_ = false;
  std::unique_ptr<Monitor> monitor_;
  std::string collapsed_;   // why the monitor wants to stop
  std::string state_of_r_;  // for the progress line
};

}  // namespace

TrainResult train(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
                  const std::string& command_line, const Context& context, const distributed::ProcessGroup& group) {
  const bool finished = group.is_root() && check_directory(settings, run, mode);
  if (group.all_reduce(finished ? 1 : 0) > 0) return {};
  const ThreadLimit limit(static_cast<size_t>(settings.threads));
  return Trainer(settings, run, mode, command_line, context, group).run();
}

}  // namespace directclr::train
