#include "directclr/train/knn_score.h"

#include <string>
#include <utility>

#include "directclr/data/relabelled.h"
#include "directclr/eval/features.h"
#include "directclr/eval/knn.h"

namespace directclr::train {

std::unique_ptr<const data::Source> knn_images(const data::Source& training_images,
                                               const settings::TrainSettings& settings, const Context& context) {
  if (!training_images.labelled() || !data::has_test_split(settings.data)) {
    context.notice("notice: no k-NN scores: they need " +
                   std::string(training_images.labelled() ? "a test part" : "a label for every training image"));
    return nullptr;
  }
  auto test = data::open_labelled_source(settings.data, data::Split::kTest,
                                         {settings.skip_bad, context.notice, settings.reading});
  return data::with_classes_of(training_images, std::move(test), settings.data, context.notice);
}

std::optional<double> knn_score(const model::Encoder& encoder, const data::Source& training_images,
                                const data::Source& test_images, const settings::TrainSettings& settings,
                                torch::Device device, const Context& context, const distributed::ProcessGroup& group) {
  Context quiet;
  quiet.notice = context.notice;
  const auto features_of = [&](const data::Source& images, uint64_t limit) {
    eval::FeatureOptions options;
    options.workers = settings.workers;
    options.skip_bad = settings.skip_bad;
    options.limit = limit;
    return eval::extract_features(encoder, nullptr, images, settings.augment, device, options, quiet, group);
  };
  const eval::Features bank = features_of(training_images, 10000), queries = features_of(test_images, 2000);
  if (!group.is_root()) return std::nullopt;
  return eval::knn_accuracy(bank.representation, bank.labels, queries.representation, queries.labels,
                            static_cast<int64_t>(training_images.class_names().size()), settings::KnnSettings{});
}

}  // namespace directclr::train
