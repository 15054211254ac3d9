#include "directclr/causes/view_features.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::causes {

using array::Array;
using array::DType;

ViewFeatures view_features(const Encode& encode, const data::Source& source, const data::AugmentSettings& augment,
                           const ViewOptions& options, const Context& context) {
  data::LoaderOptions loading;
  loading.augment = augment;
  loading.batch_size = options.batch;
  loading.seed = options.seed;
  loading.workers = options.workers;
  loading.skip_bad = options.skip_bad;
  loading.notice = context.notice;
  loading.yield_to_trainer = options.yield_to_trainer;
  loading.format = options.format;
  loading.augment.local_views = 0;
  data::Loader loader(source, loading);

  const auto total = static_cast<int64_t>(loader.batches_per_epoch()) * options.batch;
  ViewFeatures features;
  features.batch = options.batch;
  int64_t done = 0;
  for (data::Batch batch; loader.next(batch); done += batch.count) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    const Array rows = encode(batch, context).to(DType::kFloat64);
    const int64_t width = done > 0 ? features.a.size(1) : rows.dim() == 2 ? rows.size(1) : 0;
    if (rows.shape() != std::vector<int64_t>{2 * batch.count, width} || width == 0) {
      throw InputError("features",
                       format("expected rows (%lld, D) of one D for the two views of %lld images, got ",
                              static_cast<long long>(2 * batch.count), static_cast<long long>(batch.count)) +
                           rows.describe());
    }
    if (done == 0) {
      features.a = Array::empty({total, width}, DType::kFloat64);
      features.b = Array::empty({total, width}, DType::kFloat64);
    }
    const int64_t half = batch.count * width;
    std::copy_n(rows.data<double>(), half, features.a.mutable_data<double>() + done * width);
    std::copy_n(rows.data<double>() + half, half, features.b.mutable_data<double>() + done * width);
    features.places.insert(features.places.end(), batch.indices, batch.indices + batch.count);
    const auto units = static_cast<uint64_t>(done + batch.count);
    context.progress({options.task, units, static_cast<uint64_t>(total), "images", units, ""});
  }
  return features;
}

}  // namespace directclr::causes
