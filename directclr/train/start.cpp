#include "directclr/train/start.h"

#include <torch/version.h>
#include <unistd.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/here_and_now.h"
#include "directclr/core/json.h"
#include "directclr/core/json_file.h"
#include "directclr/core/run_id.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/data/contact_sheet.h"
#include "directclr/image/encode.h"
#include "directclr/model/convolution.h"
#include "directclr/settings/finished_run.h"
#include "directclr/train/device.h"

namespace directclr::train {
namespace {

void check_same(const settings::TrainSettings& given, const settings::RunDirectory& run) {
  settings::TrainSettings now = given;
  settings::TrainSettings then = run.settings();
  FieldList mine = fields_of(now);
  const FieldList theirs = fields_of(then);
  for (const auto& field : theirs.fields()) {
    if (field.name == "epochs" && now.epochs > then.epochs) continue;
    const std::string text = mine.find(field.name)->text();
    if (field.section != "run" && text != field.text()) {
      throw InputError(field.option(), "'" + text + "' differs from the run's '" + field.text() + "'",
                       field.name == "epochs" ? "a run can be given more epochs, not fewer"
                                              : "a resumed run keeps its settings; start a new one with another --out");
    }
  }
}

void check_start(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
                 const std::vector<std::string>& own) {
  if (run.is_used() && mode == settings::StartMode::kNew) {
    throw InputError(
        run.path().string(), run.exists() ? "holds a run already" : "holds a run without its config.toml",
        run.exists() ? "use --resume to continue it, --overwrite to replace it" : "use --overwrite to replace it");
  }
  if (mode != settings::StartMode::kResume) return;
  if (!run.exists()) throw InputError(run.path().string(), "there is no run to resume");
  check_one_run(run.path());
  check_same(settings, run);
  const auto then = settings::recorded_own_parts(run);
  if (then != own) {
    const auto named = [](const std::vector<std::string>& parts) {
      return parts.empty() ? "no parts of the user's own" : "the user's own " + join(parts, ", ");
    };
    throw InputError(run.path().string(), "was begun with " + named(then) + ", not with " + named(own),
                     "a run with own parts is resumed by the program that has them");
  }
}

// The sessions that environment.json tells of. One of an earlier version tells of the last alone.
Json history_of(const settings::RunDirectory& run) {
  Json history = Json::array();
  if (!std::filesystem::exists(run.environment())) return history;
  return read_json_file(run.environment(), [&](const Json& before) {
    if (const Json* sessions = before.find("history"); sessions && sessions->is_array()) return *sessions;
    history.push_back({{"directclr", before.value("directclr", "")}, {"command", before.value("command", "")}});
    return history;
  });
}

void write_config(const settings::RunDirectory& run, settings::TrainSettings settings, const std::string& id) {
  write_file(run.config(), write_toml(fields_of(settings), config_title(id)));
}

FinishedRun read_done(const settings::RunDirectory& run) {
  return read_json_file(run.done(), [](const Json& done) {
    return FinishedRun{done.at("steps").get<int64_t>(), done.at("seconds").get<double>()};
  });
}

}  // namespace

std::optional<FinishedRun> check_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                                           settings::StartMode mode, const std::vector<std::string>& own_parts,
                                           const distributed::ProcessGroup& group) {
  bool finished = false;
  FinishedRun done;
  if (group.is_root()) {
    check_start(settings, run, mode, own_parts);
    finished = mode == settings::StartMode::kResume && run.finished() && settings.epochs == run.settings().epochs;
    if (finished) done = read_done(run);
  }
  // What rank 0 alone knows: the others add nothing.
  if (group.all_reduce(finished ? 1 : 0) == 0) return std::nullopt;
  return FinishedRun{static_cast<int64_t>(group.all_reduce(static_cast<double>(done.steps))),
                     group.all_reduce(done.seconds)};
}

int64_t recorded_convolution_rule(const settings::RunDirectory& run) {
  if (!std::filesystem::exists(run.environment())) return 0;
  return read_json_file(run.environment(),
                        [](const Json& environment) { return environment.value("convolution_rule", int64_t{0}); });
}

int64_t prepare_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                          settings::StartMode mode, const Session& session, const data::Source& source) {
  const bool resumed = mode == settings::StartMode::kResume;
  // Where there is no run nothing is one's own to remove.
  if (mode == settings::StartMode::kOverwrite && run.is_used()) run.clear();
  const std::string id = resumed ? run.id() : new_run_id();
  const int64_t before = resumed ? run.settings().epochs : 0;
  const bool longer = resumed && settings.epochs > before;
  Json began = {{"what", longer    ? "more epochs"
                         : resumed ? "resume"
                                   : "start"},
                {"date", utc_time()},
                {"directclr", kVersion},
                {"host", host_name()},
                {"process", ::getpid()},
                {"processes", session.processes},
                {"command", session.command_line},
                {"epochs", settings.epochs}};
  const auto saved = run.checkpoints();
  if (resumed) began["from_step"] = saved.empty() ? 0 : saved.front();
  if (longer) began["epochs_before"] = before;
  Json history = resumed ? history_of(run) : Json::array();
  history.push_back(std::move(began));

  Json environment = {{"directclr", kVersion},
                      {"libtorch", TORCH_VERSION},
                      {"processor", processor_name()},
                      {"device", session.device},
                      {"precision", session.bfloat16 ? "bfloat16" : "float32"},
                      {"convolution_rule", session.convolution_rule},
                      {"threads", settings.threads},
                      {"workers", settings.workers},
                      {"processes", session.processes},
                      {"seed", settings.seed},
                      {"data", settings.data},
                      {"images", source.size()},
                      {"read", data::reading_json(source)},
                      {"data_fingerprint", format("%016llx", static_cast<unsigned long long>(source.fingerprint()))},
                      {"command", session.command_line}};
  if (!id.empty()) environment["run_id"] = id;
  if (!session.own_parts.empty()) environment["own_parts"] = Json(session.own_parts);
  environment["history"] = std::move(history);
  write_file(run.environment(), environment.dump(2) + "\n");

  if (!resumed) {
    make_directories(run.views().parent_path());
    const auto quiet = [](const std::string&) {};  // of broken images the loader speaks
    write_file(run.views(), image::encode_png(data::contact_sheet(source, settings.augment,
                                                                  static_cast<uint64_t>(settings.seed), 4, 3, quiet)));
    write_config(run, settings, id);
  } else if (longer) {
    run.clear_results();
    settings::TrainSettings as_before = run.settings();
    as_before.epochs = settings.epochs;
    write_config(run, as_before, id);
  }
  return longer ? before : 0;
}

void write_finished_run(const settings::RunDirectory& run, const Network& network, const CheckpointInfo& done,
                        int64_t epochs) {
  save_weights(*network.encoder.module, run.encoder());
  save_weights(*network.projector, run.projector());
  Json line = {{"steps", done.step}, {"seconds", done.seconds}, {"epochs", epochs}};
  if (!done.run_id.empty()) line["run_id"] = done.run_id;
  line["weights"] = {{"encoder", settings::checksum_of_weights(run.encoder())},
                     {"projector", settings::checksum_of_weights(run.projector())}};
  write_file(run.done(), line.dump() + "\n");
}

}  // namespace directclr::train
