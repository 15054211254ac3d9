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

// A line an entry: what it is.
template <class Entry>
std::string lines_of(const Table<Entry>& table) {
  std::string text;
  for (const auto& entry : table) text += std::string(entry.name) + ": " + std::string(entry.help) + "\n";
  return text;
}

std::string suites_help() {
  return lines_of(paper::suites()) +
         "all: every one of these; runs that several need are made once\n"
         "Figures 3, 5, 6 and 11 need no training: directclr theory";
}

}  // namespace

void add_reproduce(CLI::App& app, Program& program) {
  auto state = std::make_shared<ReproduceState>();
  auto* command = app.add_subcommand(
      "reproduce",
      "a table or figure of the paper: every run, evaluation, statistics and pages; needs labelled training and test "
      "images; can be interrupted");
  command->add_option("suite", state->suite, suites_help())->required();
  command
      ->add_option("--scale", state->scale,
                   lines_of(experiment::scales()) + "Settings on the command line take precedence")
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
