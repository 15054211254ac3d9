#include "cli/engine/opened_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/shell_word.h"
#include "directclr/core/text.h"
#include "directclr/data/data_kinds.h"
#include "directclr/data/relabelled.h"
#include "directclr/data/subset.h"
#include "directclr/report/spectrum_weights.h"
#include "directclr/train/device.h"
#include "directclr/train/foreign_weights.h"

namespace directclr::cli {
namespace {

// What `given` leaves open from `others`.
data::ReadSettings completed(data::ReadSettings given, const data::ReadSettings& others) {
  given.upright = given.upright || others.upright;
  if (given.labels.empty()) given.labels = others.labels;
  if (given.label_key.empty()) given.label_key = others.label_key;
  if (given.image_key.empty()) given.image_key = others.image_key;
  return given;
}

// Of a run as it was trained; of weights as the command line says.
settings::TrainSettings settings_of(const RunRequest& request) {
  if (!request.of_weights()) return settings::RunDirectory::open(request.run).settings();
  settings::TrainSettings settings;
  settings.data = request.data;
  settings.encoder = request.foreign.encoder;
  settings.augment = request.foreign.augment;
  settings.seed = request.foreign.seed;
  settings.projector.projector = "none";
  return settings;
}

// Parts are opened with and without labels: what is said of both is said once.
NoticeSink each_once(NoticeSink notice) {
  return [notice = std::move(notice), said = std::make_shared<std::set<std::string>>()](const std::string& line) {
    if (said->insert(line).second) notice(line);
  };
}

}  // namespace

OpenedRun::OpenedRun(const RunRequest& request, distributed::ProcessGroup processes, NoticeSink notice, bool untrained)
    : group(std::move(processes)),
      path(request.run),
      settings(settings_of(request)),
      data(request.data.empty() ? settings.data : request.data),
      reading(request.data.empty() ? completed(request.reading, settings.reading) : request.reading),
      device(train::resolve_device(request.device, request.environment.local_rank)),
      threads(static_cast<size_t>(request.threads)),
      workers(request.workers),
      skip_bad(request.skip_bad || settings.skip_bad),
      random_init(untrained),
      own_data_(request.data.empty()),
      notice_(each_once(std::move(notice))) {
  load(request);
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency() / request.environment.local_size);
  if (workers == 0) workers = cores;
  at::set_num_threads(static_cast<int>(request.threads == 0 ? cores : request.threads));
  model.encoder->to(device);
  model.projector->to(device);
  model::to_channels_last(*model.encoder);
  model.encoder->eval();
  model.projector->eval();
}

void OpenedRun::load(const RunRequest& request) {
  if (!request.of_weights()) {
    const settings::RunDirectory run(path);
    model = random_init ? train::make_untrained_model(run) : train::load_model(run);
    results_ = path;
    return;
  }
  if (settings.encoder.stem == "auto") {
    const auto choice = train::stem_of_weights(path, request.foreign.prefix, settings.augment.image_size);
    settings.encoder.stem = choice.stem;
    notice_("notice: --stem auto: " + choice.why);
  }
  model = train::make_model(settings);
  weights_ = train::load_foreign_weights(*model.encoder, path, request.foreign.prefix);
  if (random_init) model = train::make_model(settings);
  notice_("read " + path.string() + ", " + weights_->text());
  results_ = request.results.empty() ? std::filesystem::path(path.string() + ".evaluation") : request.results;
}

eval::FeatureOptions OpenedRun::loading(const std::string& task) const {
  eval::FeatureOptions options;
  options.workers = workers;
  options.skip_bad = skip_bad;
  options.task = task;
  return options;
}

const data::Source& OpenedRun::source(data::Split part, bool labelled) const {
  auto& opened = sources_[{part, labelled}];
  if (!opened) {
    const data::OpenOptions options{skip_bad, notice_, reading};
    opened = labelled ? data::open_labelled_source(data, part, options) : data::open_source(data, part, options);
    if (part == data::Split::kTrain && !labelled && own_data_) {
      if (auto some = data::at_most(static_cast<uint64_t>(settings.limit), *opened)) {
        all_images_ = std::exchange(opened, std::move(some));
      }
    }
    if (part == data::Split::kTest && !data::data_kinds().at(data::SourceSpec::parse(data).kind).always_labelled) {
      opened = data::with_classes_of(source(data::Split::kTrain, labelled), std::move(opened), data, notice_);
    }
  }
  return *opened;
}

const data::Source& OpenedRun::trained_on() const {
  const data::Source& images = source(data::Split::kTrain, false);
  if (all_images_) {
    notice_(
        format("notice: the training images are the %lld that the run was trained on (its limit), of %llu; --data %s "
               "takes all",
               static_cast<long long>(settings.limit), static_cast<unsigned long long>(all_images_->size()),
               shell_word(data).c_str()));
  }
  return images;
}

eval::Features OpenedRun::features(data::Split part, bool labelled, bool with_projector, const Context& context,
                                   uint64_t limit, bool keep_share) const {
  eval::FeatureOptions options =
      loading(part == data::Split::kTrain ? "features of training images" : "features of test images");
  options.limit = limit;
  options.keep_share = keep_share;
  return eval::extract_features(model::encoder_of(model.encoder), with_projector ? model.projector.get() : nullptr,
                                part == data::Split::kTrain && !labelled ? trained_on() : source(part, labelled),
                                settings.augment, device, options, context, group);
}

Json OpenedRun::read_so_far(std::optional<data::Split> part) const {
  Json read = Json::object();
  for (const auto& [key, source] : sources_) {
    if (source && key.first == part.value_or(key.first))
      read[key.first == data::Split::kTrain ? "train" : "test"] = data::reading_json(*source);
  }
  return read;
}

std::string OpenedRun::split(const std::string& asked) const {
  if (asked != "auto") return asked;
  if (data::has_test_split(data)) return "test";
  notice_("notice: " + data + " has no test images: these are the training images");
  return "train";
}

std::string OpenedRun::run_id() const { return of_weights() ? "" : settings::RunDirectory(path).id(); }

const std::filesystem::path& OpenedRun::results() const {
  if (of_weights() && !owner_) {
    make_directories(results_);
    owner_ = std::make_unique<FolderLock>(results_);
  }
  return results_;
}

Json OpenedRun::protocol(std::optional<data::Split> part) const {
  Json protocol = {{std::string(of_weights() ? "weights" : "run"), path.string()},
                   {"data", data},
                   {"read", read_so_far(part)},
                   {"projector", settings.projector.projector},
                   {"arch", settings.encoder.arch},
                   {"representation_width", model.encoder->representation()},
                   {"embedding_width", model.projector->embedding()},
                   {"pretraining_epochs", random_init ? 0 : settings.epochs},
                   {"seed", settings.seed},
                   {"random_init", random_init},
                   {"view", "centred, not augmented"},
                   {"precision", "float32"}};
  if (of_weights()) {
    protocol["weights_read"] = report::json_of(*weights_);
    protocol["stem"] = settings.encoder.stem;
    if (!random_init) protocol["pretraining_epochs"] = nullptr;  // they do not say
  }
  if (const std::string id = run_id(); !id.empty()) protocol["run_id"] = id;
  return protocol;
}

report::MeasuredInput OpenedRun::measured(report::SpectrumResult result, const report::LayerSettings& layer) const {
  report::MeasuredInput input;
  result.protocol = protocol(parse_split(layer.split));
  result.layer = layer.layer;
  result.split = layer.split;
  input.result = std::move(result);
  input.path = path;
  input.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  input.title = input.name + ", " + layer.layer + " of the " + layer.split + " images";
  input.own_files = {results() / "spectrum", layer.layer, input.name};
  return input;
}

std::unique_ptr<FolderLock> own(const RunRequest& request, const distributed::ProcessGroup& group) {
  if (!group.is_root() || request.of_weights()) return nullptr;
  settings::RunDirectory::open(request.run);
  return std::make_unique<FolderLock>(request.run);
}

data::Split parse_split(const std::string& text) {
  if (text == "train") return data::Split::kTrain;
  if (text == "test") return data::Split::kTest;
  throw InputError("--split", "'" + text + "' is not known", "allowed: train | test");
}

}  // namespace directclr::cli
