#include "directclr/train/start.h"

#include <torch/version.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/data/contact_sheet.h"
#include "directclr/image/encode.h"
#include "directclr/train/device.h"

namespace directclr::train {
namespace {

void check_same(const settings::TrainSettings& given, const settings::RunDirectory& run) {
  settings::TrainSettings now = given;
  settings::TrainSettings then = run.settings();
  FieldList mine = fields_of(now);
  const FieldList theirs = fields_of(then);
  for (const auto& field : theirs.fields()) {
    const std::string text = mine.find(field.name)->text();
    if (field.section != "run" && text != field.text()) {
      throw InputError(field.option(), "'" + text + "' differs from the run's '" + field.text() + "'",
                       "a resumed run keeps its settings; start a new one with another --out");
    }
  }
}

void check_start(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
                 const std::vector<std::string>& own) {
  if (run.exists() && mode == settings::StartMode::kNew) {
    throw InputError(run.path().string(), "holds a run already",
                     "use --resume to continue it, --overwrite to replace it");
  }
  if (mode != settings::StartMode::kResume) return;
  if (!run.exists()) throw InputError(run.path().string(), "there is no run to resume");
  check_same(settings, run);
  const auto then = recorded_own_parts(run);
  if (then != own) {
    const auto named = [](const std::vector<std::string>& parts) {
      return parts.empty() ? "no parts of the user's own" : "the user's own " + join(parts, ", ");
    };
    throw InputError(run.path().string(), "was begun with " + named(then) + ", not with " + named(own),
                     "a run with own parts is resumed by the program that has them");
  }
}

FinishedRun read_done(const settings::RunDirectory& run) {
  const auto done = Json::try_parse(read_file(run.done()));
  if (!done) throw InputError(run.done().string(), "is damaged");
  return {done->value("steps", int64_t{0}), done->value("seconds", 0.0)};
}

}  // namespace

std::optional<FinishedRun> check_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                                           settings::StartMode mode, const std::vector<std::string>& own_parts,
                                           const distributed::ProcessGroup& group) {
  bool finished = false;
  FinishedRun done;
  if (group.is_root()) {
    check_start(settings, run, mode, own_parts);
    finished = mode == settings::StartMode::kResume && run.finished();
    if (finished) done = read_done(run);
  }
  // What rank 0 alone knows: the others add nothing.
  if (group.all_reduce(finished ? 1 : 0) == 0) return std::nullopt;
  return FinishedRun{static_cast<int64_t>(group.all_reduce(static_cast<double>(done.steps))),
                     group.all_reduce(done.seconds)};
}

void prepare_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                       settings::StartMode mode, const Session& session, const data::Source& source) {
  if (mode == settings::StartMode::kOverwrite && run.exists()) run.clear();
  make_directories(run.path());
  if (mode != settings::StartMode::kResume) {
    settings::TrainSettings copy = settings;
    const FieldList fields = fields_of(copy);
    write_file(run.config(), write_toml(fields,
                                        "directclr run: every setting, resolved; repeat it with "
                                        "directclr train --config THIS --out DIR"));
    make_directories(run.views().parent_path());
    write_file(run.views(), image::encode_png(data::contact_sheet(source, settings.augment,
                                                                  static_cast<uint64_t>(settings.seed), 4, 3)));
  }
  Json environment = {{"directclr", kVersion},
                      {"libtorch", TORCH_VERSION},
                      {"processor", processor_name()},
                      {"device", session.device},
                      {"precision", session.bfloat16 ? "bfloat16" : "float32"},
                      {"threads", settings.threads},
                      {"workers", settings.workers},
                      {"processes", session.processes},
                      {"seed", settings.seed},
                      {"data", settings.data},
                      {"images", source.size()},
                      {"read", data::reading_json(source)},
                      {"data_fingerprint", format("%016llx", static_cast<unsigned long long>(source.fingerprint()))},
                      {"command", session.command_line}};
  if (!session.own_parts.empty()) environment["own_parts"] = Json(session.own_parts);
  write_file(run.environment(), environment.dump(2) + "\n");
}

void write_finished_run(const settings::RunDirectory& run, const Network& network, const CheckpointInfo& done) {
  save_weights(*network.encoder.module, run.encoder());
  save_weights(*network.projector, run.projector());
  const Json line = {{"steps", done.step}, {"seconds", done.seconds}};
  write_file(run.done(), line.dump() + "\n");
}

}  // namespace directclr::train
