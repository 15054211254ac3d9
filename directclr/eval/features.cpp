#include "directclr/eval/features.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/data/loader.h"

namespace directclr::eval {
namespace {

// Every stride-th image of a source, for estimates that need not see all.
class Thinned final : public data::Source {
 public:
  Thinned(const data::Source& source, uint64_t limit) : source_(source) {
    const uint64_t count = std::min(limit, source.size());
    for (uint64_t i = 0; i < count; ++i) {
      chosen_.push_back(i * source.size() / count);
      labels_.push_back(source.label(chosen_.back()));
    }
    class_names_ = source.class_names();
  }
  void load(uint64_t index, image::Image& image) const override { source_.load(chosen_[index], image); }
  std::string describe(uint64_t index) const override { return source_.describe(chosen_[index]); }

 private:
  const data::Source& source_;
  std::vector<uint64_t> chosen_;
};

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

Features extract_features(model::ResNet encoder, model::Projector* projector, const data::Source& source,
                          const data::AugmentSettings& augment, torch::Device device, const FeatureOptions& options,
                          const Context& context) {
  const Thinned chosen(source, options.limit);
  const torch::NoGradGuard no_grad;
  const EvaluationMode encoder_mode(encoder.get());
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
  data::Loader loader(chosen, loading);

  const auto count = static_cast<int64_t>(chosen.size());
  Features features;
  features.labels = torch::tensor(chosen.labels());
  const int64_t side = augment.image_size;
  int64_t done = 0;
  for (data::Batch batch; loader.next(batch);) {
    if (context.stop_requested()) throw Interrupted("stopped while computing features");
    const torch::Tensor images = torch::from_blob(const_cast<float*>(batch.images), {batch.count, side, side, 3})
                                     .permute({0, 3, 1, 2})
                                     .to(device);
    const torch::Tensor r = encoder->forward(images);
    if (!features.representation.defined()) features.representation = torch::empty({count, r.size(1)});
    features.representation.slice(0, done, done + batch.count).copy_(r);
    if (projector) {
      const torch::Tensor z = projector->forward(r, 0);
      if (!features.embedding.defined()) features.embedding = torch::empty({count, z.size(1)});
      features.embedding.slice(0, done, done + batch.count).copy_(z);
    }
    done += batch.count;
    const auto units = static_cast<uint64_t>(done);
    context.progress({options.task, units, static_cast<uint64_t>(count), "images", units, ""});
  }
  return features;
}

}  // namespace directclr::eval
