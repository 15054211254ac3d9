#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"

namespace directclr::cli {

namespace {

// A command on a finished run whose options are the fields of its request. `entry`: its function in the engine; `more`
// adds what is no setting.
template <class Request>
void add_command(CLI::App& app, Program& program, const std::string& name, const std::string& help,
                 const std::string& example, void (*Engine::*entry)(const Request&, Console&),
                 void (*more)(CLI::App&, Request&) = nullptr) {
  struct State {
    SettingOptions options;
    Processes processes;
    Request request;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand(name, help);
  command->add_option("run", state->request.base.run, "run directory of a finished training")->required();
  if (more) more(*command, state->request);
  state->processes.add_to(*command);
  state->options.add_to(*command, fields_of(state->request));
  add_example(*command, example);
  command->callback([&program, state, entry] {
    program.action = [&program, state, entry](Console& console) {
      FieldList fields = fields_of(state->request);
      state->options.apply(fields, "");
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.base.environment = environment;
        (load_engine().*entry)(state->request, console);
      });
    };
  });
}

void add_embed_options(CLI::App& command, EmbedRequest& request) {
  command.add_option("--out", request.out, "FILE.npy (labels beside it in FILE.labels.npy) or FILE.safetensors")
      ->required();
}

}  // namespace

void add_evaluation(CLI::App& app, Program& program) {
  add_command(app, program, "probe", "linear classifier on the frozen encoder; writes probe.json",
              "directclr probe runs/direct --cached", &Engine::probe);
  add_command(app, program, "knn", "weighted nearest-neighbour accuracy of the representation; writes knn.json",
              "directclr knn runs/direct --k 20", &Engine::knn);
  add_command(app, program, "evaluate",
              "probe, k-NN and both spectra from one pass over the images; --dims adds a probe of those columns, "
              "--random-init one of the untrained encoder",
              "directclr evaluate runs/direct --cached", &Engine::evaluate);
  add_command(app, program, "embed", "write features and labels to a .npy or .safetensors file",
              "directclr embed runs/direct --out features.npy", &Engine::embed, &add_embed_options);
}

}  // namespace directclr::cli
