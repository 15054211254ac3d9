#include <CLI/CLI.hpp>
#include <memory>

#include "cli/experiment_command.h"
#include "directclr/experiment/experiment_file.h"

namespace directclr::cli {
namespace {

struct ExperimentState {
  ExperimentCommand command;
  std::string file;
};

}  // namespace

void add_experiment(CLI::App& app, Program& program) {
  auto state = std::make_shared<ExperimentState>();
  auto* command = app.add_subcommand(
      "experiment",
      "a comparison of your own, variants x settings x seeds of a TOML file: every run, evaluation, paired statistics "
      "and pages; needs labelled training and test images; can be interrupted");
  command->add_option("file", state->file, "FILE.toml: [experiment], [settings], [variants.NAME], [grid]")->required();
  state->command.add_to(*command);
  add_example(*command, "directclr experiment recipes/experiments/projectors.toml --out runs/projectors");
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      const auto file = experiment::read_experiment(state->file);
      state->command.perform(experiment::to_experiment(file), file.scale.varied, program, console);
    };
  });
}

}  // namespace directclr::cli
