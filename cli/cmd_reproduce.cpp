#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "cli/engine/engine.h"
#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/source.h"
#include "directclr/paper/cluster_scripts.h"
#include "directclr/paper/collect.h"
#include "directclr/paper/run_plan.h"
#include "directclr/paper/run_queue.h"
#include "directclr/paper/suite_page.h"
#include "directclr/plan/cost_model.h"

namespace directclr::cli {
namespace {

namespace fs = std::filesystem;

struct ReproduceState {
  SettingOptions options;
  std::string suite;
  std::string scale = "smoke";
  std::string out;
  std::vector<std::string> from;
  std::vector<std::string> only;
  std::string config;
  std::string machine;
  int64_t seeds = 0;
  int64_t jobs = 0;
  paper::Cluster cluster;
  bool dry_run = false;
  bool commands = false;

  // Whether anything is computed here, rather than planned or shown.
  bool runs_here() const { return !dry_run && !commands && from.empty(); }
};

// The scale with the user's settings on top, complete.
paper::Scale resolved_scale(const ReproduceState& state) {
  for (const char* name : {"projector", "seed"}) {
    if (state.options.on_command_line(name)) {
      throw InputError(std::string("--") + name, "is what the suite varies", "see --seeds, or use directclr train");
    }
  }
  paper::Scale scale = paper::scale_named(state.scale);
  FieldList fields = fields_of(scale.train);
  state.options.apply(fields, state.config);
  const auto given = state.options.given(state.config);
  scale.given.insert(given.begin(), given.end());
  const bool pretend = scale.train.data.empty() && state.dry_run;
  if (pretend) scale.train.data = scale.name == "paper" ? "folder:imagenet" : "cifar10:cifar-10";
  scale.train.resolve(scale.given);
  return scale;
}

struct Images {
  int64_t count = 0;  ///< of an epoch; when only planning without the data, how many there would be
  bool here = false;
};

Images find_images(const ReproduceState& state, const paper::Scale& scale, Console& console) {
  Images images{scale.assumed_images, false};
  try {
    images = {static_cast<int64_t>(data::open_source(scale.train.data, data::Split::kTrain)->size()), true};
  } catch (const InputError& error) {
    if (state.runs_here()) throw;
    console.notice("notice: " + std::string(error.what()) + "; planned for " + std::to_string(images.count) +
                   " images");
  }
  if (scale.train.limit > 0) images.count = std::min(scale.train.limit, images.count);
  return images;
}

int64_t cores() { return std::max<int64_t>(1, std::thread::hardware_concurrency()); }

int64_t jobs_of(const ReproduceState& state, const paper::Scale& scale) {
  return state.jobs > 0 ? state.jobs : scale.one_at_a_time ? 1 : cores();
}

int64_t threads_of(int64_t jobs) { return std::max<int64_t>(1, cores() / jobs); }

// The machines that are planned for; "": this one.
std::string cluster_machine(const ReproduceState& state, const paper::Scale& scale) {
  return state.machine.empty() && scale.name == "paper" ? "v100" : state.machine;
}

// Seconds that each run of the plan should take, by its id.
std::map<std::string, double> predict(const ReproduceState& state, const paper::RunPlan& plan, bool data_here,
                                      Console& console, std::string& machine_name) {
  const std::string name = cluster_machine(state, plan.scale);
  plan::Machine machine;
  int64_t nodes = 1, devices = 1;
  if (name.empty()) {
    BenchRequest request;
    request.settings = plan.scale.train;
    request.settings.threads = request.settings.workers = threads_of(jobs_of(state, plan.scale));
    request.images = std::min<int64_t>(64, plan.scale.train.batch_size);
    request.seconds = 1;
    request.with_data = data_here;
    machine = load_engine().measure_step(request, console);
  } else {
    machine = name.ends_with(".json") ? plan::Machine::read(name) : plan::Machine::assumed(name);
    nodes = state.cluster.nodes;
    devices = state.cluster.gpus;
  }
  machine_name = machine.name;
  std::map<std::string, double> seconds;
  for (const auto& run : plan.runs) {
    seconds[run.id] = plan::make_plan(run.train, plan.images, nodes, devices, machine).train_seconds;
  }
  return seconds;
}

void print_plan(const ReproduceState& state, const paper::RunPlan& plan, bool data_here, Console& console) {
  std::string machine;
  const auto seconds = predict(state, plan, data_here, console, machine);
  const int64_t jobs = cluster_machine(state, plan.scale).empty() ? jobs_of(state, plan.scale) : 1;
  std::string text = format("scale %s: %s\n", plan.scale.name.c_str(), plan.scale.purpose.c_str());
  Json runs = Json::array();
  double all = 0;
  for (const auto& run : plan.runs) {
    const fs::path directory = fs::path(state.out) / "runs" / run.id;
    const bool done = !state.out.empty() && paper::is_trained(directory);
    const double predicted = done ? 0 : seconds.at(run.id);
    all += predicted;
    text += format("  %-44s %s\n", run.id.c_str(), done ? "trained" : format_duration(predicted).c_str());
    runs.push_back({{"id", run.id}, {"trained", done}, {"predicted_seconds", predicted}});
  }
  const double wall = all / static_cast<double>(jobs);
  text += format("%zu runs of %lld epochs over %lld images; predicted training time %s", plan.runs.size(),
                 static_cast<long long>(plan.scale.train.epochs), static_cast<long long>(plan.images),
                 format_duration(wall).c_str());
  text += jobs > 1 ? format(", %lld runs at a time", static_cast<long long>(jobs)) : ", one run after the other";
  text += " (" + machine + "); evaluation comes on top";
  const Json object = {{"scale", plan.scale.name}, {"machine", machine}, {"predicted_seconds", wall}, {"runs", runs}};
  console.result(text, object.dump());
}

// Pictures and pages from results alone.
void present(const paper::SuiteResults& results, const std::vector<const paper::Suite*>& suites, const fs::path& out,
             Console& console) {
  std::vector<paper::SuiteResult> shown;
  for (const auto* suite : suites) {
    const auto variants = suite->variants(results.widths);
    const bool any = std::any_of(variants.begin(), variants.end(),
                                 [&](const auto& variant) { return !results.of(variant.name).empty(); });
    if (any) shown.push_back(suite->present(results, out / "figures"));
  }
  if (shown.empty()) throw InputError("reproduce", "the results hold no run of what was asked for");
  if (auto measures = paper::collapse_measures(results); !measures.tables.empty()) {
    shown.push_back(std::move(measures));
  }
  write_file(out / "results.md", paper::suites_markdown(results, shown));
  write_file(out / "results.html", paper::suites_html(results, shown));
  console.result(paper::suites_text(results, shown) + "wrote " + (out / "results.{html,md}").string(),
                 results.to_json());
}

void reproduce(const ReproduceState& state, Program& program, Console& console) {
  const auto suites = paper::suites_named(state.suite);
  if (state.out.empty() && !state.dry_run) throw InputError("--out", "no directory given");
  if (!state.from.empty()) {
    auto results = paper::SuiteResults::read(state.from[0]);
    for (size_t i = 1; i < state.from.size(); ++i) results.add(paper::SuiteResults::read(state.from[i]));
    make_directories(state.out);
    if (state.from.size() > 1) write_file(fs::path(state.out) / "results.json", results.to_json());
    present(results, suites, state.out, console);
    return;
  }
  const paper::Scale scale = resolved_scale(state);
  const Images images = find_images(state, scale, console);
  const auto plan = paper::plan_runs(suites, scale, state.seeds > 0 ? state.seeds : scale.seeds, images.count);
  auto wanted = plan;
  wanted.runs = paper::runs_matching(plan, state.only);
  if (state.dry_run) {
    print_plan(state, wanted, images.here, console);
    return;
  }
  if (state.commands) {
    const auto written = paper::write_cluster_scripts(wanted, state.cluster, state.out);
    const Json object = {{"folder", (fs::path(state.out) / "commands").string()}, {"files", written.size()}};
    console.result(format("wrote %zu files to %s; when their runs are done, the same command without --commands makes "
                          "the pages",
                          written.size(), (fs::path(state.out) / "commands").c_str()),
                   object.dump());
    return;
  }
  const int64_t jobs = jobs_of(state, scale);
  const paper::QueueOptions options{"/proc/self/exe", state.out, jobs, threads_of(jobs)};
  std::map<std::string, std::string> problems;
  std::optional<Interrupted> interrupted;
  try {
    problems = paper::carry_out(wanted, options, console.context());
  } catch (const Interrupted& error) {
    interrupted = error;  // what is there is shown all the same
  }
  const auto results = paper::collect(plan, fs::path(state.out) / "runs", problems, program.command_line);
  write_file(fs::path(state.out) / "results.json", results.to_json());
  present(results, suites, state.out, console);
  if (interrupted) throw *interrupted;
  const auto failed = std::count_if(results.runs.begin(), results.runs.end(), [&](const auto& run) {
    return !run.good() &&
           std::any_of(wanted.runs.begin(), wanted.runs.end(), [&](const auto& w) { return w.id == run.id; });
  });
  if (failed > 0)
    throw Error(format("%td of %zu runs failed; the same command tries them again", failed, wanted.runs.size()));
}

}  // namespace

void add_reproduce(CLI::App& app, Program& program) {
  auto state = std::make_shared<ReproduceState>();
  auto* command = app.add_subcommand(
      "reproduce", "a table or figure of the paper: every run, evaluation, statistics and pages; can be interrupted");
  std::vector<std::string> names = {"all"};
  for (const auto* suite : paper::all_suites()) names.push_back(suite->name);
  command->add_option("suite", state->suite, join(names, ", "))->required();
  command
      ->add_option("--scale", state->scale,
                   "smoke: minutes, numbers mean nothing; cpu: CIFAR-10 on a few cores; gpu: one GPU; paper: ImageNet "
                   "to the letter. Settings given here come on top")
      ->default_str("smoke");
  command->add_option("--out", state->out, "directory for runs, results.json, results.html, results.md and figures");
  command->add_option("--seeds", state->seeds, "seeds 0 .. n-1 of every run; 0: as the scale has it")
      ->check(CLI::Range(0, 1000))
      ->default_str("0");
  command->add_option("--jobs", state->jobs, "runs at a time; 0: one a core, or one in all at scales gpu and paper")
      ->check(CLI::Range(0, 1024))
      ->default_str("0");
  command->add_flag("--dry-run", state->dry_run, "list the runs with the time that they should take, and stop");
  command->add_flag("--commands", state->commands,
                    "write a torchrun and a SLURM script for every run to OUT/commands instead of running");
  command
      ->add_option("--only", state->only,
                   "of the runs those whose name matches this pattern, such as '*-s2-*' or 'linear-*', may be given "
                   "again: a suite in parts, on several machines; the pages show what OUT holds")
      ->allow_extra_args(false);
  command
      ->add_option("--from", state->from,
                   "make the pages from this results.json, without any run; may be given again, for a suite that was "
                   "made in parts")
      ->allow_extra_args(false);
  command->add_option("--config", state->config, "settings from a TOML file, on top of the scale's");
  command->add_option("--machine", state->machine,
                      "--dry-run: FILE.json from directclr bench, h100 or v100 instead of measuring this machine");
  command->add_option("--nodes", state->cluster.nodes, "--commands and --machine: machines")
      ->check(CLI::Range(1, 65536))
      ->default_str("4");
  command->add_option("--gpus", state->cluster.gpus, "--commands and --machine: devices a machine")
      ->check(CLI::Range(1, 1024))
      ->default_str("8");
  settings::TrainSettings defaults;
  state->options.add_to(*command, fields_of(defaults));
  add_example(*command,
              "directclr reproduce all --scale smoke --out runs/smoke\n"
              "  directclr reproduce table1 --scale cpu --data cifar10:DIR --seeds 3 --out runs/paper");
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) { reproduce(*state, program, console); };
  });
}

}  // namespace directclr::cli
