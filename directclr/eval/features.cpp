#include "directclr/eval/features.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "directclr/core/core_turns.h"
#include "directclr/core/error.h"
#include "directclr/data/loader.h"
#include "directclr/data/subset.h"
#include "directclr/eval/batch_images.h"

namespace directclr::eval {
namespace {

// Puts a module into evaluation mode and back.
class EvaluationMode {
 public:
  explicit EvaluationMode(torch::nn::Module* module) : module_(module), was_training_(module && module->is_training()) {
    if (module_) module_->eval();
  }
  ~EvaluationMode() {
    if (was_training_) module_->train();
  }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  torch::nn::Module* module_;
  bool was_training_;
};

}  // namespace

Features extract_features(const model::Encoder& encoder, model::Projector* projector, const data::Source& source,
                          const data::AugmentSettings& augment, torch::Device device, const FeatureOptions& options,
                          const Context& context, const distributed::ProcessGroup& group) {
  const auto total = static_cast<int64_t>(std::min(options.limit, source.size()));
  if (total < group.world_size()) throw InputError(options.task, "fewer images than processes");
  const std::vector<uint64_t> chosen = data::spread_places(static_cast<uint64_t>(total), source.size());
  const Share share = group.share(total);
  const data::Subset part(source, {chosen.begin() + share.first, chosen.begin() + share.first + share.count});
  const torch::NoGradGuard no_grad;
  const EvaluationMode encoder_mode(encoder.module.get());
  const EvaluationMode projector_mode(projector);

  data::LoaderOptions loading;
  loading.transform = data::Transform::kEvaluation;
  loading.augment = augment;
  loading.batch_size = options.batch_size;
  loading.shuffle = false;
  loading.keep_last = true;
  loading.workers = options.workers;
  loading.skip_bad = options.skip_bad;
  loading.notice = context.notice;
  loading.yield_to_trainer = device.is_cpu();
  loading.format = pixel_format_for(device, false);
  BatchImages pictures(augment, device);
  pictures.fetch_from(loading);
  data::Loader loader(part, loading);
  CoreTurns turns(device.is_cpu() && group.world_size() == 1 ? at::get_num_threads() : 0);

  // All processes go around as often as the one with most images, so that they agree on when to stop.
  const int64_t most = (total + group.world_size() - 1) / group.world_size();
  const int64_t rounds = (most + options.batch_size - 1) / options.batch_size;
  Features features;
  features.places = torch::empty({share.count}, torch::kLong);
  int64_t done = 0;
  for (int64_t round = 0; round < rounds; ++round) {
    if (group.all_reduce(context.stop_requested() ? 1 : 0) > 0) throw Interrupted("stopped while computing features");
    data::Batch batch;
    if (!loader.next(batch)) continue;
    const torch::Tensor images = pictures.global_views(batch);
    const CoreTurns::Turn turn = turns.take(context);
    const torch::Tensor r = encoder.forward(images);
    if (!features.representation.defined()) features.representation = torch::empty({share.count, r.size(1)});
    features.representation.slice(0, done, done + batch.count).copy_(r);
    if (projector) {
      const torch::Tensor z = projector->forward(r, 0);
      if (!features.embedding.defined()) features.embedding = torch::empty({share.count, z.size(1)});
      features.embedding.slice(0, done, done + batch.count).copy_(z);
    }
    for (int64_t i = 0; i < batch.count; ++i) {
      features.places.mutable_data_ptr<int64_t>()[done + i] =
          static_cast<int64_t>(chosen[static_cast<size_t>(share.first) + batch.indices[i]]);
    }
    done += batch.count;
    const auto units = static_cast<uint64_t>(done);
    context.progress({options.task, units, static_cast<uint64_t>(share.count), "images", units, ""});
  }
  if (!options.keep_share) {
    features.representation = group.gather_rows_to_root(features.representation, total);
    if (projector) features.embedding = group.gather_rows_to_root(features.embedding, total);
    features.places = group.gather_rows_to_root(features.places, total);
  }
  std::vector<int64_t> labels;
  for (const uint64_t place : chosen) labels.push_back(source.label(place));
  if (features.places.defined() && !options.keep_share) {
    const auto* const places = features.places.const_data_ptr<int64_t>();
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = source.label(static_cast<uint64_t>(places[i]));
  }
  features.labels = torch::tensor(labels);
  return features;
}

}  // namespace directclr::eval
