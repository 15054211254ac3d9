#include "directclr/explain/view_features.h"

#include <ATen/Parallel.h>

#include "directclr/core/core_turns.h"
#include "directclr/core/error.h"
#include "directclr/data/loader.h"
#include "directclr/eval/batch_images.h"

namespace directclr::explain {

ViewFeatures view_features(model::ResNet encoder, const data::Source& source, const data::AugmentSettings& augment,
                           torch::Device device, const ViewOptions& options, const Context& context) {
  data::LoaderOptions loading;
  loading.augment = augment;
  loading.batch_size = options.batch;
  loading.seed = options.seed;
  loading.workers = options.workers;
  loading.skip_bad = options.skip_bad;
  loading.notice = context.notice;
  loading.yield_to_trainer = device.is_cpu();
  loading.format = eval::pixel_format_for(device, false);
  loading.augment.local_views = 0;
  data::Loader loader(source, loading);
  const eval::BatchImages pictures(augment, device);
  CoreTurns turns(device.is_cpu() ? at::get_num_threads() : 0);

  const torch::NoGradGuard no_grad;
  encoder->eval();
  const auto total = static_cast<int64_t>(loader.batches_per_epoch()) * options.batch;
  ViewFeatures features;
  features.batch = options.batch;
  features.a = torch::empty({total, encoder->representation()});
  features.b = torch::empty({total, encoder->representation()});
  int64_t done = 0;
  for (data::Batch batch; loader.next(batch); done += batch.count) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    const torch::Tensor images = pictures.global_views(batch);
    const CoreTurns::Turn turn = turns.take(context);
    const torch::Tensor r = encoder->forward(images);
    features.a.slice(0, done, done + batch.count).copy_(r.slice(0, 0, batch.count));
    features.b.slice(0, done, done + batch.count).copy_(r.slice(0, batch.count));
    features.places.insert(features.places.end(), batch.indices, batch.indices + batch.count);
    const auto units = static_cast<uint64_t>(done + batch.count);
    context.progress({options.task, units, static_cast<uint64_t>(total), "images", units, ""});
  }
  return features;
}

}  // namespace directclr::explain
