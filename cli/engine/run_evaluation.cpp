#include <algorithm>

#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/eval/knn.h"
#include "directclr/eval/probe.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"

namespace directclr::cli {
namespace {

int64_t classes_of(const OpenedRun& run) {
  return static_cast<int64_t>(run.source(data::Split::kTrain, true)->class_names().size());
}

// Class folders are numbered in sorted order: both parts must have the same ones.
void check_same_classes(const OpenedRun& run) {
  if (run.source(data::Split::kTrain, true)->class_names() != run.source(data::Split::kTest, true)->class_names()) {
    throw InputError(run.data, "training and test images have different classes");
  }
}

void probe(const ProbeRequest& request, const dist::Group& group, Console& console) {
  const auto& settings = request.settings;
  OpenedRun run(request.base, group, settings.random_init);
  const auto [first, end] = eval::parse_dims(settings.dims, run.model.encoder->representation());
  check_same_classes(run);
  const Context& context = console.context();
  const auto seed = static_cast<uint64_t>(run.settings.seed);
  eval::ProbeResult result;
  if (settings.cached) {
    const auto train = run.features(data::Split::kTrain, true, false, context);
    const auto test = run.features(data::Split::kTest, true, false, context);
    if (!group.is_root()) return;
    result = eval::probe_cached(train, test, classes_of(run), settings, seed, context);
  } else {
    const auto train = run.source(data::Split::kTrain, true);
    const auto test = run.source(data::Split::kTest, true);
    result = eval::probe_sgd(run.model.encoder, *train, *test, run.settings.augment, settings, run.device,
                             run.loading("features of test images"), seed, context, group);
    if (!group.is_root()) return;
  }
  nlohmann::ordered_json object = {{"version", 1},
                                   {"top1", result.top1},
                                   {"top5", result.top5},
                                   {"best_epoch_top1", result.best_top1},
                                   {"epoch_top1", result.epoch_top1}};
  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = "representation";
  protocol["dims"] = {first, end};
  if (settings.cached) {
    protocol["method"] = "L-BFGS on cached features, standardised";
    protocol["held_out"] = settings.held_out;
    object["l2"] = result.l2;
    object["held_out_top1"] = result.held_out_top1;
  } else {
    protocol["method"] = "SGD on random crops and flips";
    protocol["epochs"] = settings.probe_epochs;
    protocol["batch_size"] = settings.probe_batch_size;
    protocol["lr"] = settings.probe_lr;
    protocol["momentum"] = settings.probe_momentum;
    protocol["weight_decay"] = settings.probe_weight_decay;
  }
  object["protocol"] = protocol;
  // The baseline and sub-vectors have files of their own: they must not pass for the run's result.
  std::string name = "probe";
  if (settings.random_init) name += "-random-init";
  if (!settings.dims.empty())
    name += format("-dims-%lld-%lld", static_cast<long long>(first), static_cast<long long>(end));
  write_file(run.run.path() / (name + ".json"), object.dump(2) + "\n");
  console.result(
      format("linear probe: top-1 %.2f %%, top-5 %.2f %% (%s; %s; %s%s)", 100 * result.top1, 100 * result.top5,
             protocol["method"].get<std::string>().c_str(), run.settings.projector.projector.c_str(), run.data.c_str(),
             settings.random_init ? "; untrained encoder" : ""),
      object.dump());
}

void knn(const KnnRequest& request, const dist::Group& group, Console& console) {
  const OpenedRun run(request.base, group);
  check_same_classes(run);
  const auto bank = run.features(data::Split::kTrain, true, false, console.context());
  const auto queries = run.features(data::Split::kTest, true, false, console.context());
  if (!group.is_root()) return;
  const double top1 = eval::knn_accuracy(bank.representation, bank.labels, queries.representation, queries.labels,
                                         classes_of(run), request.settings);
  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = "representation";
  protocol["k"] = request.settings.k;
  protocol["temperature"] = request.settings.knn_temperature;
  protocol["similarity"] = "cosine";
  const nlohmann::ordered_json object = {{"version", 1}, {"top1", top1}, {"protocol", protocol}};
  write_file(run.run.path() / "knn.json", object.dump(2) + "\n");
  console.result(format("k-NN: top-1 %.2f %% (k %lld, temperature %g, cosine; %s; %s)", 100 * top1,
                        static_cast<long long>(request.settings.k), request.settings.knn_temperature,
                        run.settings.projector.projector.c_str(), run.data.c_str()),
                 object.dump());
}

void embed(const EmbedRequest& request, const dist::Group& group, Console& console) {
  const std::string extension = request.out.extension().string();
  if (extension != ".npy" && extension != ".safetensors") {
    throw InputError("--out", "'" + request.out.string() + "' ends neither in .npy nor in .safetensors");
  }
  const OpenedRun run(request.base, group);
  const bool embedding = request.layer == "embedding";
  const auto features = run.features(parse_split(request.split), false, embedding, console.context());
  if (!group.is_root()) return;
  const torch::Tensor& values = embedding ? features.embedding : features.representation;
  if (extension == ".npy") {
    auto labels_path = request.out;
    labels_path.replace_extension(".labels.npy");
    io::write_npy(request.out, values);
    io::write_npy(labels_path, features.labels);
  } else {
    io::TensorFile file;
    file.add("features", values);
    file.add("labels", features.labels);
    file.metadata = {{"layer", request.layer}, {"protocol", run.protocol().dump()}};
    io::write_safetensors(request.out, file);
  }
  const nlohmann::ordered_json object = {{"file", request.out.string()},
                                         {"rows", values.size(0)},
                                         {"columns", values.size(1)},
                                         {"layer", request.layer},
                                         {"protocol", run.protocol()}};
  console.result(format("wrote %lld x %lld features to %s", static_cast<long long>(values.size(0)),
                        static_cast<long long>(values.size(1)), request.out.c_str()),
                 object.dump());
}

}  // namespace

void run_probe(const ProbeRequest& request, Console& console) {
  with_group(request.base, [&](const dist::Group& group) { probe(request, group, console); });
}

void run_knn(const KnnRequest& request, Console& console) {
  with_group(request.base, [&](const dist::Group& group) { knn(request, group, console); });
}

void run_embed(const EmbedRequest& request, Console& console) {
  with_group(request.base, [&](const dist::Group& group) { embed(request, group, console); });
}

}  // namespace directclr::cli
