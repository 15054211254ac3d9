#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"
#include "cli/run_options.h"

namespace directclr::cli {

void add_run_options(CLI::App& command, RunRequest& request) {
  command.add_option("run", request.run, "run directory of a finished training")->required();
  add_evaluation_options(command, request);
}

void add_evaluation_options(CLI::App& command, RunRequest& request) {
  command.add_option("--data", request.data, "other data than the run was trained on (see directclr train --help)");
  command.add_option("--device", request.device, "auto, cpu, cuda or cuda:N")->default_str("auto");
  command.add_option("--threads", request.threads, "threads of the tensor library; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->default_str("0");
  command.add_option("--workers", request.workers, "threads that decode images; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->default_str("0");
  command.add_flag("--skip-bad", request.skip_bad, "replace images that cannot be decoded by the next good one");
}

void add_layer_options(CLI::App& command, std::string& layer, std::string& split) {
  command.add_option("--layer", layer, "representation (before the projector) or embedding (after it)")
      ->check(CLI::IsMember({"representation", "embedding"}))
      ->default_str("representation");
  command.add_option("--split", split, "part of the data: train or test")
      ->check(CLI::IsMember({"train", "test"}))
      ->default_str("test");
}

namespace {

// A command on a finished run whose options are the fields of Request::settings. `entry`: its function in the engine.
template <class Request>
void add_command(CLI::App& app, Program& program, const std::string& name, const std::string& help,
                 const std::string& example, void (*Engine::*entry)(const Request&, Console&)) {
  struct State {
    SettingOptions options;
    Processes processes;
    Request request;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand(name, help);
  add_run_options(*command, state->request.base);
  state->processes.add_to(*command);
  state->options.add_to(*command, fields_of(state->request.settings));
  add_example(*command, example);
  command->callback([&program, state, entry] {
    program.action = [&program, state, entry](Console& console) {
      FieldList fields = fields_of(state->request.settings);
      state->options.apply(fields, "");
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.base.environment = environment;
        (load_engine().*entry)(state->request, console);
      });
    };
  });
}

void add_embed(CLI::App& app, Program& program) {
  auto request = std::make_shared<EmbedRequest>();
  auto processes = std::make_shared<Processes>();
  auto* command = app.add_subcommand("embed", "write features and labels to a .npy or .safetensors file");
  add_run_options(*command, request->base);
  processes->add_to(*command);
  add_layer_options(*command, request->layer, request->split);
  command->add_option("--out", request->out, "FILE.npy (labels beside it in FILE.labels.npy) or FILE.safetensors")
      ->required();
  add_example(*command, "directclr embed runs/direct --out features.npy");
  command->callback([&program, request, processes] {
    program.action = [&program, request, processes](Console& console) {
      processes->carry_out(program, console, [&](const ProcessEnvironment& environment) {
        request->base.environment = environment;
        load_engine().embed(*request, console);
      });
    };
  });
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
  add_embed(app, program);
}

}  // namespace directclr::cli
