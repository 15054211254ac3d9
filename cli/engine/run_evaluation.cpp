#include <chrono>
#include <vector>

#include "cli/engine/commands.h"
#include "cli/engine/findings.h"
#include "cli/engine/opened_run.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/data/data_kinds.h"
#include "directclr/eval/knn.h"
#include "directclr/eval/probe.h"
#include "directclr/io/npy.h"
#include "directclr/tensor/arrays.h"
#include "directclr/tensor/tensor_file.h"

namespace directclr::cli {
namespace {

int64_t classes_of(const OpenedRun& run) {
  return static_cast<int64_t>(run.source(data::Split::kTrain, true).class_names().size());
}

std::filesystem::path beside(std::filesystem::path file, const char* extension) {
  return file.replace_extension(extension);
}

// A line a row: which image it is of.
std::string names_of(const data::Source& images, const torch::Tensor& places) {
  std::string text;
  for (int64_t i = 0; i < places.size(0); ++i) {
    text += printable(images.describe(static_cast<uint64_t>(places.const_data_ptr<int64_t>()[i]))) + "\n";
  }
  return text;
}

// The paper's protocol on the run's images; `images`: how many it trained on.
eval::ProbeResult probe_by_sgd(const OpenedRun& run, const settings::ProbeSettings& settings, const Context& context,
                               int64_t& images) {
  const auto& train = run.source(data::Split::kTrain, true);
  images = static_cast<int64_t>(train.size());
  return eval::probe_sgd(run.model.encoder, train, run.source(data::Split::kTest, true), run.settings.augment, settings,
                         run.device, run.loading("features of test images"), run.seed(), context, run.group);
}

void probe(const ProbeRequest& request, const distributed::ProcessGroup& group, Console& console) {
  const auto& settings = request.settings;
  const auto owner = own(request.base, group);
  OpenedRun run(request.base, group, console.context().notice, settings.random_init);
  eval::parse_dims(settings.dims, run.model.encoder->representation());
  const Context& context = console.context();
  eval::ProbeResult result;
  int64_t images = 0;
  if (settings.cached) {
    const auto train = run.features(data::Split::kTrain, true, false, context);
    const auto test = run.features(data::Split::kTest, true, false, context);
    if (!group.is_root()) return;
    images = train.labels.size(0);
    result = eval::probe_cached(train, test, classes_of(run), settings, run.seed(), context);
  } else {
    result = probe_by_sgd(run, settings, context, images);
    if (!group.is_root()) return;
  }
  const report::Finding finding = save_probe(run, run.results(), settings, result, images);
  console.result(finding.text, finding.object.dump());
}

void knn(const KnnRequest& request, const distributed::ProcessGroup& group, Console& console) {
  const auto owner = own(request.base, group);
  const OpenedRun run(request.base, group, console.context().notice);
  const auto bank = run.features(data::Split::kTrain, true, false, console.context());
  const auto queries = run.features(data::Split::kTest, true, false, console.context());
  if (!group.is_root()) return;
  const double top1 = eval::knn_accuracy(bank.representation, bank.labels, queries.representation, queries.labels,
                                         classes_of(run), request.settings);
  const report::Finding finding = save_knn(run, request.settings, top1, bank.labels.size(0));
  console.result(finding.text, finding.object.dump());
}

// Everything that can be said of a run from one pass over the images. `evaluation.json`, written last, says with which
// settings: what finds it there with the same ones need not evaluate again.
void evaluate(const EvaluateRequest& request, const distributed::ProcessGroup& group, Console& console) {
  const auto began = std::chrono::steady_clock::now();
  const auto& settings = request.settings;
  const auto owner = own(request.base, group);
  OpenedRun run(request.base, group, console.context().notice);
  const auto& probe = settings.probe;
  eval::parse_dims(probe.dims, run.model.encoder->representation());
  if (settings.feature_limit > 0 && !probe.cached) throw InputError("--feature-limit", "goes with --cached alone");
  const bool tested = data::has_test_split(run.data);
  const bool always = data::data_kinds().at(data::SourceSpec::parse(run.data).kind).always_labelled;
  const auto has_classes = [&](data::Split part) { return !run.source(part, false).class_names().empty(); };
  const bool labelled = tested && (always || (has_classes(data::Split::kTrain) && has_classes(data::Split::kTest)));
  if (!labelled && group.is_root()) {
    console.notice("notice: " + run.data + " has no labelled training and test images: spectra only, of the " +
                   (tested ? "test" : "training") + " images");
  }
  const Context& context = console.context();
  const uint64_t limit = settings.feature_limit == 0 ? UINT64_MAX : static_cast<uint64_t>(settings.feature_limit);
  const auto split = tested ? data::Split::kTest : data::Split::kTrain;
  const auto seen = run.features(split, labelled, /*with_projector=*/!run.of_weights(), context, limit);
  eval::Features train;
  if (labelled) train = run.features(data::Split::kTrain, true, false, context, limit);

  std::vector<report::Finding> findings;
  const auto add_probe = [&](OpenedRun& of, const settings::ProbeSettings& how, const eval::Features& bank,
                             const eval::Features& queries) {
    int64_t images = bank.labels.size(0);
    const auto result = !how.cached       ? probe_by_sgd(of, how, context, images)
                        : group.is_root() ? eval::probe_cached(bank, queries, classes_of(of), how, of.seed(), context)
                                          : eval::ProbeResult{};
    if (group.is_root()) findings.push_back(save_probe(of, run.results(), how, result, images));
  };
  if (labelled) {
    settings::ProbeSettings whole = probe;
    whole.dims.clear();
    whole.random_init = false;
    add_probe(run, whole, train, seen);
    if (!probe.dims.empty()) {
      settings::ProbeSettings part = probe;
      part.random_init = false;
      add_probe(run, part, train, seen);
    }
    if (group.is_root()) {
      const double top1 = eval::knn_accuracy(train.representation, train.labels, seen.representation, seen.labels,
                                             classes_of(run), settings.knn);
      findings.push_back(save_knn(run, settings.knn, top1, train.labels.size(0)));
    }
    if (probe.random_init) {
      OpenedRun untrained(
          request.base, group, [](const std::string&) {}, true);  // of the same data
      whole.random_init = true;
      add_probe(untrained, whole, untrained.features(data::Split::kTrain, true, false, context, limit),
                untrained.features(data::Split::kTest, true, false, context, limit));
    }
  }
  if (!group.is_root()) return;
  const std::string name = tested ? "test" : "train";
  findings.push_back(save_spectrum(run, {"representation", name},
                                   spectrum::summarize(tensor::array_of(seen.representation), /*l2_normalize=*/false)));
  if (!run.of_weights()) {
    findings.push_back(
        save_spectrum(run, {"embedding", name}, spectrum::summarize(tensor::array_of(seen.embedding), false)));
  }

  report::EvaluationRecord record{run.data, {}, 0, run.run_id()};
  settings::EvaluationSettings copy = settings;
  const FieldList fields = fields_of(copy);
  for (const auto& field : fields.fields()) record.settings.emplace_back(field.name, field.text());
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  write_file(settings::RunDirectory(run.results()).evaluation(), json_of(record).dump(2) + "\n");
  std::string text;
  Json all = {{std::string(run.of_weights() ? "weights" : "run"), run.path.string()}, {"results", Json::array()}};
  for (const auto& finding : findings) {
    text += (text.empty() ? "" : "\n") + finding.text;
    all["results"].push_back(finding.object);
  }
  console.result(text, all.dump());
}

void embed(const EmbedRequest& request, const distributed::ProcessGroup& group, Console& console) {
  const std::string extension = request.out.extension().string();
  if (extension != ".npy" && extension != ".safetensors") {
    throw InputError("--out", "'" + request.out.string() + "' ends neither in .npy nor in .safetensors");
  }
  const OpenedRun run(request.base, group, console.context().notice);
  const bool embedding = request.settings.layer == "embedding";
  if (embedding && run.of_weights()) throw InputError("--layer", "weights have no projector, hence no embedding");
  const std::string split = run.split(request.settings.split);
  const auto features = run.features(parse_split(split), false, embedding, console.context());
  if (!group.is_root()) return;
  const torch::Tensor& values = embedding ? features.embedding : features.representation;
  const data::Source& images = run.source(parse_split(split), false);
  const bool labelled = !images.class_names().empty();
  const auto labels_path = beside(request.out, ".labels.npy"), names_path = beside(request.out, ".names.txt");
  // Those of other rows must not stand beside these.
  if (extension == ".npy") std::filesystem::remove(labels_path);
  std::filesystem::remove(names_path);
  if (extension == ".npy") {
    io::write_npy(request.out, tensor::array_of(values));
    if (labelled) io::write_npy(labels_path, tensor::array_of(features.labels));
  } else {
    tensor::TensorFile file;
    file.add("features", values);
    if (labelled) file.add("labels", features.labels);
    file.metadata = {{"layer", request.settings.layer}, {"split", split}, {"protocol", run.protocol().dump()}};
    tensor::write_safetensors(request.out, file);
  }
  write_file(names_path, names_of(images, features.places));
  Json object = {{"file", request.out.string()},    {"rows", values.size(0)}, {"columns", values.size(1)},
                 {"layer", request.settings.layer}, {"split", split},         {"names", names_path.string()},
                 {"protocol", run.protocol()}};
  std::string text = format("wrote %lld x %lld features of the %s images to %s, the images' names to %s",
                            static_cast<long long>(values.size(0)), static_cast<long long>(values.size(1)),
                            split.c_str(), request.out.c_str(), names_path.c_str());
  if (labelled && extension == ".npy") {
    object["labels"] = labels_path.string();
    text += ", labels to " + labels_path.string();
  } else if (!labelled) {
    text += "; they have no labels";
  }
  console.result(text, object.dump());
}

}  // namespace

void run_probe(const ProbeRequest& request, Console& console) {
  with_processes(request.base, console,
                 [&](const distributed::ProcessGroup& group) { probe(request, group, console); });
}

void run_knn(const KnnRequest& request, Console& console) {
  with_processes(request.base, console, [&](const distributed::ProcessGroup& group) { knn(request, group, console); });
}

void run_evaluate(const EvaluateRequest& request, Console& console) {
  with_processes(request.base, console,
                 [&](const distributed::ProcessGroup& group) { evaluate(request, group, console); });
}

void run_embed(const EmbedRequest& request, Console& console) {
  with_processes(request.base, console,
                 [&](const distributed::ProcessGroup& group) { embed(request, group, console); });
}

}  // namespace directclr::cli
