#include "directclr/train/training_data.h"

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/eval/batch_images.h"
#include "directclr/train/same_everywhere.h"

namespace directclr::train {

TrainingData::TrainingData(const settings::TrainSettings& settings, std::shared_ptr<const data::Source> source,
                           const Context& context)
    : all_(source ? std::move(source)
                  : data::open_source(settings.data, data::Split::kTrain,
                                      {settings.skip_bad, context.notice, settings.reading})),
      images_(all_) {
  if (auto some = data::at_most(static_cast<uint64_t>(settings.limit), *all_)) images_ = std::move(some);
}

int64_t TrainingData::steps_per_epoch(const settings::TrainSettings& settings) const {
  if (images_->size() < 2) throw InputError(settings.data, "contrastive learning needs at least two images");
  const int64_t steps = static_cast<int64_t>(images_->size()) / settings.batch_size;
  if (steps == 0) {
    throw InputError("--batch-size",
                     format("%lld is larger than the data (%llu images)", static_cast<long long>(settings.batch_size),
                            static_cast<unsigned long long>(images_->size())));
  }
  return steps;
}

void check_shares(const settings::TrainSettings& settings, const distributed::ProcessGroup& group) {
  const int64_t ranks = group.world_size();
  if (settings.batch_size < ranks) {
    refuse_together(group, InputError("--batch-size", format("%lld images cannot be shared out among %lld processes",
                                                             static_cast<long long>(settings.batch_size),
                                                             static_cast<long long>(ranks))));
  }
  if (settings.micro_batch > 0 && settings.batch_size % (settings.micro_batch * ranks) != 0) {
    refuse_together(
        group,
        InputError("--micro-batch", format("%lld processes with parts of %lld images do not divide a batch of %lld",
                                           static_cast<long long>(ranks), static_cast<long long>(settings.micro_batch),
                                           static_cast<long long>(settings.batch_size))));
  }
}

data::LoaderOptions training_loader_options(const settings::TrainSettings& settings, int64_t first,
                                            int64_t steps_per_epoch, c10::Device device, bool bfloat16,
                                            const Context& context, const distributed::ProcessGroup& group) {
  data::LoaderOptions options;
  options.augment = settings.augment;
  options.batch_size = settings.batch_size;
  options.seed = static_cast<uint64_t>(settings.seed);
  options.first_epoch = static_cast<uint32_t>(first / steps_per_epoch);
  options.first_batch = static_cast<uint64_t>(first % steps_per_epoch);
  options.end_epoch = static_cast<uint32_t>(settings.epochs);
  options.part = group.rank();
  options.parts = group.world_size();
  options.workers = settings.workers;
  options.skip_bad = settings.skip_bad;
  options.format = eval::pixel_format_for(device, bfloat16);
  options.shuffle_block = settings.shuffle_block;
  options.yield_to_trainer = device.is_cpu();
  options.notice = context.notice;
  return options;
}

}  // namespace directclr::train
