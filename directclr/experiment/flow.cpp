#include "directclr/experiment/flow.h"

#include <algorithm>
#include <map>
#include <thread>

#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/plain_numbers.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/data/data_kinds.h"
#include "directclr/data/relabelled.h"
#include "directclr/data/source.h"
#include "directclr/experiment/collect.h"
#include "directclr/experiment/run_plan.h"
#include "directclr/experiment/run_queue.h"

namespace directclr::experiment {
namespace {

namespace fs = std::filesystem;

struct Images {
  int64_t count = 0;  // of the data; when only planning without them, how many there would be
  bool here = false;
};

Images find_images(const Scale& scale, const Options& options, const Context& context) {
  try {
    return {static_cast<int64_t>(
                data::open_source(scale.train.data, data::Split::kTrain, {.reading = scale.train.reading})->size()),
            true};
  } catch (const InputError& error) {
    if (options.runs_here()) throw;
    const int64_t limit = scale.train.limit, assumed = scale.assumed_images;
    context.notice("notice: " + std::string(error.what()) + "; planned for " +
                   std::to_string(limit > 0 ? std::min(limit, assumed) : assumed) + " images");
    return {assumed, false};
  }
}

// Every suite compares accuracies, which the evaluation of a run takes from the labels of both parts: what it would
// refuse is refused before anything is trained.
void check_labels(const settings::TrainSettings& train, const Context& context) {
  const std::string& data = train.data;
  if (!data::has_test_split(data)) {
    throw InputError(printable(data), "has no test images, and the suite compares accuracies on them",
                     "spectra alone: directclr train, then directclr report");
  }
  const data::OpenOptions options{.skip_bad = train.skip_bad, .reading = train.reading};
  const auto labelled = [&](data::Split part, const char* name) {
    try {
      return data::open_labelled_source(data, part, options);
    } catch (const InputError& error) {
      throw InputError(std::string("labels of the ") + name + " images, which the suite's accuracies need",
                       error.what());
    }
  };
  const auto training = labelled(data::Split::kTrain, "training");
  auto test = labelled(data::Split::kTest, "test");
  if (!data::data_kinds().at(data::SourceSpec::parse(data).kind).always_labelled) {
    data::with_classes_of(*training, std::move(test), data, context.notice);
  }
}

// The same for all runs, which may differ in how they read labels.
void check_labels(const std::vector<PlannedRun>& runs, const Context& context) {
  const auto alike = [](const PlannedRun& a, const PlannedRun& b) {
    return a.train.reading == b.train.reading && a.train.skip_bad == b.train.skip_bad;
  };
  std::vector<PlannedRun> checked;
  for (const auto& run : runs) {
    if (std::any_of(checked.begin(), checked.end(), [&](const auto& other) { return alike(run, other); })) continue;
    check_labels(run.train, context);
    checked.push_back(run);
  }
}

int64_t cores() { return std::max<int64_t>(1, std::thread::hardware_concurrency()); }

int64_t jobs_of(const Options& options, const Scale& scale) {
  return options.jobs > 0 ? options.jobs : scale.one_at_a_time ? 1 : cores();
}

// What each of the runs at a time may use: what was asked for, else its share of the cores.
struct Share {
  int64_t threads, workers;
};
Share share_of(const Scale& scale, int64_t jobs) {
  const auto asked = [&](const char* name, int64_t value, int64_t otherwise) {
    return scale.given.contains(name) && value > 0 ? value : otherwise;
  };
  const int64_t threads = asked("threads", scale.train.threads, std::max<int64_t>(1, cores() / jobs));
  return {threads, asked("workers", scale.train.workers, threads)};
}

// The machines that are planned for; "": this one.
std::string machine_name(const Options& options, const Scale& scale) {
  return options.machine.empty() && scale.name == "paper" ? "v100" : options.machine;
}

plan::Machine machine_for(const RunPlan& plan, const Options& options, bool data_here, const MeasureMachine& measure) {
  const std::string name = machine_name(options, plan.scale);
  if (!name.empty()) return name.ends_with(".json") ? plan::Machine::read(name) : plan::Machine::assumed(name);
  settings::TrainSettings settings = plan.scale.train;
  const int64_t jobs = jobs_of(options, plan.scale);
  const Share share = share_of(plan.scale, jobs);
  settings.threads = share.threads;
  settings.workers = share.workers;
  plan::Machine machine = measure(settings, data_here);
  machine.cores = std::max<int64_t>(1, machine.cores / jobs);  // what each of the runs at a time has
  return machine;
}

Outcome show_plan(const RunPlan& plan, const Options& options, bool data_here, const MeasureMachine& measure) {
  const plan::Machine machine = machine_for(plan, options, data_here, measure);
  const bool here = machine_name(options, plan.scale).empty();
  const int64_t jobs = here ? jobs_of(options, plan.scale) : 1;
  std::string text;
  if (!plan.scale.name.empty()) text = "scale " + plan.scale.name + ": " + plan.scale.help + "\n";
  Json runs = Json::array();
  double all = 0;
  for (const auto& run : plan.runs) {
    const bool done = !options.out.empty() && is_trained(options.out / "runs" / run.id);
    const double predicted =
        done ? 0
             : plan::make_plan(run.train, plan.images_of(run.train), here ? 1 : options.cluster.nodes,
                               here ? 1 : options.cluster.gpus, machine)
                   .train_seconds;
    all += predicted;
    text += format("  %-44s %s\n", run.id.c_str(), done ? "trained" : format_duration(predicted).c_str());
    runs.push_back({{"id", run.id}, {"trained", done}, {"predicted_seconds", predicted}});
  }
  const double wall = all / static_cast<double>(jobs);
  const auto& train = plan.scale.train;
  text += counted(static_cast<int64_t>(plan.runs.size()), "run");
  if (!plan.scale.varied.contains("epochs")) text += " of " + counted(train.epochs, "epoch");
  text += format(" over %lld images; predicted training time %s", static_cast<long long>(plan.images_of(train)),
                 format_duration(wall).c_str());
  text += jobs > 1 ? format(", %lld runs at a time", static_cast<long long>(jobs)) : ", one run after the other";
  text += " (" + machine.name + "); evaluation comes on top";
  const Json object = {
      {"scale", plan.scale.name}, {"machine", machine.name}, {"predicted_seconds", wall}, {"runs", runs}};
  return {text, object.dump(), {}, ""};
}

// OUT, where nobody else writes while this lives.
FolderLock own(const fs::path& out) {
  make_directories(out);
  return FolderLock(out);
}

Outcome write_scripts(const RunPlan& plan, const Options& options) {
  const FolderLock owner = own(options.out);
  const size_t count = write_cluster_scripts(plan, options.cluster, options.out).size();
  const std::string folder = (options.out / "commands").string();
  const Json object = {{"folder", folder}, {"files", count}};
  return {format("wrote %zu files to %s; when their runs are done, the same command without --commands makes the pages",
                 count, folder.c_str()),
          object.dump(),
          {},
          ""};
}

// Pictures and pages from results alone.
Outcome make_pages(const Experiment& experiment, const Results& results, const fs::path& out) {
  const auto sections = present(experiment.suites, results, out / "figures");
  const bool any = std::any_of(sections.begin(), sections.end(), [&](const auto& section) {
    return std::any_of(experiment.suites.begin(), experiment.suites.end(),
                       [&](const auto& suite) { return suite.name == section.name && suite.variants; });
  });
  if (!any) throw InputError("results", "hold no run of what was asked for");
  write_file(out / "results.md", page_markdown(results, sections, experiment.head));
  write_file(out / "results.html", page_html(results, sections, experiment.head));
  return {page_text(results, sections, experiment.head) + "wrote " + (out / "results.{html,md}").string(),
          results.to_json(),
          {},
          ""};
}

Outcome show_results(const Experiment& experiment, const Options& options) {
  auto results = Results::read(options.from[0]);
  for (size_t i = 1; i < options.from.size(); ++i) results.add(Results::read(options.from[i]));
  const FolderLock owner = own(options.out);
  if (options.from.size() > 1) write_file(options.out / "results.json", results.to_json());
  return make_pages(experiment, results, options.out);
}

Outcome run_all(const Experiment& experiment, const RunPlan& plan, const RunPlan& wanted, const Options& options,
                const fs::path& program, const std::string& command_line, const Context& context) {
  const FolderLock owner = own(options.out);
  const int64_t jobs = jobs_of(options, plan.scale);
  std::map<std::string, std::string> problems;
  std::optional<Interrupted> interrupted;
  try {
    const Share share = share_of(plan.scale, jobs);
    problems = carry_out(wanted, {program, options.out, jobs, share.threads, share.workers}, context);
  } catch (const Interrupted& error) {
    interrupted = error;
  }
  const fs::path file = options.out / "results.json";
  write_file(file, collect(plan, options.out / "runs", problems, command_line).to_json());
  const auto results = Results::read(file);  // rounded, so that pages made from the file later are the same
  Outcome outcome = make_pages(experiment, results, options.out);
  outcome.interrupted = interrupted;
  const auto failed = std::count_if(results.runs.begin(), results.runs.end(), [&](const auto& run) {
    return !run.good() &&
           std::any_of(wanted.runs.begin(), wanted.runs.end(), [&](const auto& w) { return w.id == run.id; });
  });
  if (failed > 0) {
    outcome.failure = format("%td of %zu runs failed; the same command tries them again", failed, wanted.runs.size());
  }
  return outcome;
}

}  // namespace

Outcome perform(const Experiment& experiment, const Options& options, const fs::path& program,
                const std::string& command_line, const MeasureMachine& measure, const Context& context) {
  if (options.out.empty() && !options.dry_run) throw InputError("--out", "no directory given");
  if (!options.from.empty()) return show_results(experiment, options);
  Scale scale = experiment.scale;
  if (scale.train.data.empty() && options.dry_run) {  // pretended, to plan without them
    scale.train.data = scale.name == "paper" ? "folder:imagenet" : "cifar10:cifar-10";
  }
  // Settings first: they are checked without looking for data.
  plan_runs(experiment.suites, scale, 1, 0);
  const Images images = find_images(scale, options, context);
  const auto plan = plan_runs(experiment.suites, scale, options.seeds > 0 ? options.seeds : scale.seeds, images.count);
  auto wanted = plan;
  wanted.runs = runs_matching(plan, options.only);
  if (images.here) check_labels(wanted.runs, context);
  if (options.dry_run) return show_plan(wanted, options, images.here, measure);
  if (options.commands) return write_scripts(wanted, options);
  return run_all(experiment, plan, wanted, options, program, command_line, context);
}

}  // namespace directclr::experiment
