#include "directclr/train/knn_score.h"

#include "directclr/eval/features.h"
#include "directclr/eval/knn.h"

namespace directclr::train {

std::optional<double> knn_score(const model::ResNet& encoder, const data::Source& training_images,
                                const settings::TrainSettings& settings, torch::Device device, const Context& context,
                                const distributed::ProcessGroup& group) {
  if (!training_images.labelled() || !data::has_test_split(settings.data)) return std::nullopt;
  const auto test = data::open_labelled_source(settings.data, data::Split::kTest, {settings.skip_bad, context.notice});
  Context quiet;
  quiet.notice = context.notice;
  const auto features_of = [&](const data::Source& images, uint64_t limit) {
    eval::FeatureOptions options;
    options.workers = settings.workers;
    options.skip_bad = settings.skip_bad;
    options.limit = limit;
    return eval::extract_features(encoder, nullptr, images, settings.augment, device, options, quiet, group);
  };
  const eval::Features bank = features_of(training_images, 10000), queries = features_of(*test, 2000);
  if (!group.is_root()) return std::nullopt;
  return eval::knn_accuracy(bank.representation, bank.labels, queries.representation, queries.labels,
                            static_cast<int64_t>(training_images.class_names().size()), settings::KnnSettings{});
}

}  // namespace directclr::train
