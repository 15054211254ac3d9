#include "cli/experiment_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/common_settings.h"
#include "cli/engine/engine.h"
#include "directclr/core/error.h"
#include "directclr/settings/train_settings.h"

namespace directclr::cli {

void ExperimentCommand::add_to(CLI::App& command) {
  command.add_option("--out", out, "directory for runs, results.json, results.html, results.md and figures");
  command.add_option("--seeds", options.seeds, "seeds 0 .. n-1 of every run; 0: the default of the scale or the file")
      ->check(CLI::Range(0, 1000))
      ->default_str("0");
  command.add_option("--jobs", options.jobs, "runs at a time; 0: one per core, or one in all at scales gpu and paper")
      ->check(CLI::Range(0, 1024))
      ->default_str("0");
  command.add_flag("--dry-run", options.dry_run, "list the runs with the time that they should take, and stop");
  command.add_flag("--commands", options.commands,
                   "write a torchrun and a SLURM script for every run to OUT/commands instead of running");
  command
      .add_option("--only", options.only,
                  "run only runs whose name matches this pattern, such as '*-s2-*' or 'linear-*'; may be repeated: "
                  "runs in parts, on several machines; the pages show what OUT holds")
      ->allow_extra_args(false);
  command
      .add_option("--from", options.from,
                  "make the pages from this results.json, without any run; may be given again, for results that were "
                  "made in parts")
      ->allow_extra_args(false);
  command.add_option("--config", config, "settings from a TOML file, on top of the scale's or the experiment's");
  command.add_option("--machine", options.machine,
                     "--dry-run: FILE.json from directclr bench, h100 or v100 instead of measuring this machine");
  command.add_option("--nodes", options.cluster.nodes, "--commands and --machine: machines")
      ->check(CLI::Range(1, 65536))
      ->default_str("4");
  command.add_option("--gpus", options.cluster.gpus, "--commands and --machine: devices a machine")
      ->check(CLI::Range(1, 1024))
      ->default_str("8");
  ::directclr::settings::TrainSettings defaults;
  settings.add_to(command, fields_of(defaults), kCommonCostSettings);
}

void ExperimentCommand::perform(experiment::Experiment experiment, const std::set<std::string>& varied,
                                const Program& program, Console& console) const {
  auto& scale = experiment.scale;
  FieldList fields = fields_of(scale.train);
  const auto before = scale.train.optimizer;
  settings.apply(fields, config);
  check_rate(before, scale.train.optimizer, settings.given(config), "--optimizer");
  for (const auto& name : settings.given(config)) {
    if (name == "seed" || varied.contains(name)) {
      throw InputError(settings.on_command_line(name) ? fields.find(name)->option() : config + ": " + name,
                       "is what the suite varies", "see --seeds, or use directclr train");
    }
    scale.given.insert(name);
  }
  const auto measure = [&](const ::directclr::settings::TrainSettings& train, bool with_data) {
    BenchRequest request;
    request.settings = train;
    request.images = std::min<int64_t>(64, train.batch_size);
    request.seconds = 1;
    request.with_data = with_data;
    return load_engine().measure_step(request, console);
  };
  experiment::Options all = options;
  all.out = out;
  const auto outcome =
      experiment::perform(experiment, all, "/proc/self/exe", program.command_line, measure, console.context());
  console.result(outcome.text, outcome.json);
  if (outcome.interrupted) throw *outcome.interrupted;
  if (!outcome.failure.empty()) throw Error(outcome.failure);
}

}  // namespace directclr::cli
