#include <chrono>
#include <vector>

#include "cli/engine/commands.h"
#include "cli/engine/findings.h"
#include "cli/engine/opened_run.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
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
  const report::Finding finding = save_probe(run, settings, result, images);
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
  const bool labelled = tested && (always || !run.source(data::Split::kTrain, false).class_names().empty());
  if (!labelled && group.is_root()) {
    console.notice("notice: " + run.data + " has no labelled training and test images: spectra only");
  }
  const Context& context = console.context();
  const uint64_t limit = settings.feature_limit == 0 ? UINT64_MAX : static_cast<uint64_t>(settings.feature_limit);
  const auto split = tested ? data::Split::kTest : data::Split::kTrain;
  const auto seen = run.features(split, labelled, true, context, limit);
  eval::Features train;
  if (labelled) train = run.features(data::Split::kTrain, true, false, context, limit);

  std::vector<report::Finding> findings;
  const auto add_probe = [&](OpenedRun& of, const settings::ProbeSettings& how, const eval::Features& bank,
                             const eval::Features& queries) {
    int64_t images = bank.labels.size(0);
    const auto result = !how.cached       ? probe_by_sgd(of, how, context, images)
                        : group.is_root() ? eval::probe_cached(bank, queries, classes_of(of), how, of.seed(), context)
                                          : eval::ProbeResult{};
    if (group.is_root()) findings.push_back(save_probe(of, how, result, images));
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
  findings.push_back(
      save_spectrum(run, {"embedding", name}, spectrum::summarize(tensor::array_of(seen.embedding), false)));

  report::EvaluationRecord record{run.data, {}, 0, run.run.id()};
  settings::EvaluationSettings copy = settings;
  const FieldList fields = fields_of(copy);
  for (const auto& field : fields.fields()) record.settings.emplace_back(field.name, field.text());
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  write_file(run.run.evaluation(), json_of(record).dump(2) + "\n");
  std::string text;
  Json all = {{"run", run.run.path().string()}, {"results", Json::array()}};
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
  const auto features = run.features(parse_split(request.settings.split), false, embedding, console.context());
  if (!group.is_root()) return;
  const torch::Tensor& values = embedding ? features.embedding : features.representation;
  if (extension == ".npy") {
    auto labels_path = request.out;
    labels_path.replace_extension(".labels.npy");
    io::write_npy(request.out, tensor::array_of(values));
    io::write_npy(labels_path, tensor::array_of(features.labels));
  } else {
    tensor::TensorFile file;
    file.add("features", values);
    file.add("labels", features.labels);
    file.metadata = {{"layer", request.settings.layer}, {"protocol", run.protocol().dump()}};
    tensor::write_safetensors(request.out, file);
  }
  const Json object = {{"file", request.out.string()},
                       {"rows", values.size(0)},
                       {"columns", values.size(1)},
                       {"layer", request.settings.layer},
                       {"protocol", run.protocol()}};
  console.result(format("wrote %lld x %lld features to %s", static_cast<long long>(values.size(0)),
                        static_cast<long long>(values.size(1)), request.out.c_str()),
                 object.dump());
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
