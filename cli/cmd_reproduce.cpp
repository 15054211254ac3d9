#include <CLI/CLI.hpp>
#include <memory>

#include "cli/experiment_command.h"
#include "directclr/core/text.h"
#include "directclr/paper/suites.h"

namespace directclr::cli {
namespace {

struct ReproduceState {
  ExperimentCommand command;
  std::string suite;
  std::string scale = "smoke";
};

}  // namespace

void add_reproduce(CLI::App& app, Program& program) {
  auto state = std::make_shared<ReproduceState>();
  auto* command = app.add_subcommand(
      "reproduce", "a table or figure of the paper: every run, evaluation, statistics and pages; can be interrupted");
  command->add_option("suite", state->suite, "all: every one; " + paper::suites().help())->required();
  command
      ->add_option("--scale", state->scale,
                   experiment::scales().help() + ". Settings on the command line take precedence")
      ->default_str("smoke");
  state->command.add_to(*command);
  add_example(*command,
              "directclr reproduce all --scale smoke --out runs/smoke\n"
              "  directclr reproduce table1 --scale cpu --data cifar10:DIR --seeds 3 --out runs/paper");
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      state->command.perform(paper::reproduction(state->suite, state->scale), {"projector"}, program, console);
    };
  });
}

}  // namespace directclr::cli
