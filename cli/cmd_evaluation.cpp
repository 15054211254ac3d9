#include <CLI/CLI.hpp>
#include <memory>

#include "cli/foreign_options.h"
#include "cli/processes.h"

namespace directclr::cli {

namespace {

struct Description {
  std::string name;
  std::string help;
  std::string example;
  std::vector<std::string> common;  // settings of --help
};

// A command on a finished run, or on weights, whose options are the fields of its request. `entry`: its function in the
// engine; `more` adds what is no setting.
template <class Request>
void add_command(CLI::App& app, Program& program, const Description& description,
                 void (*Engine::*entry)(const Request&, Console&), void (*more)(CLI::App&, Request&)) {
  struct State {
    SettingOptions options;
    ForeignOptions foreign;
    Processes processes;
    Request request;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand(description.name, description.help);
  more(*command, state->request);
  state->options.add_to(*command, fields_of(state->request), description.common);
  state->processes.add_to(*command);
  state->foreign.add_to(*command, state->request.base);
  add_example(*command, description.example);
  command->callback([&program, state, entry] {
    program.action = [&program, state, entry](Console& console) {
      FieldList fields = fields_of(state->request);
      state->options.apply(fields, "");
      state->foreign.apply(state->request.base);
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.base.environment = environment;
        (load_engine().*entry)(state->request, console);
      });
    };
  });
}

void add_embed_options(CLI::App& command, EmbedRequest& request) {
  command
      .add_option("--out", request.out,
                  "FILE.npy or FILE.safetensors; beside it FILE.names.txt, the image of each row, and of labelled "
                  "images FILE.labels.npy (in a .safetensors the tensor labels)")
      ->required();
}

// A run keeps its results itself.
template <class Request>
void add_results_option(CLI::App& command, Request& request) {
  command.add_option("--out", request.base.results, "of weights: folder for the results [FILE.evaluation]");
}

}  // namespace

void add_evaluation(CLI::App& app, Program& program) {
  const std::string weights = " resnet50.pth --arch resnet50 --data folder:photos";
  add_command(app, program,
              {"probe",
               "linear classifier on the frozen encoder; writes probe.json",
               "directclr probe runs/direct --cached\n  directclr probe" + weights + " --cached",
               {"data", "cached", "dims", "random_init", "probe_epochs"}},
              &Engine::probe, &add_results_option<ProbeRequest>);
  add_command(app, program,
              {"knn",
               "weighted nearest-neighbour accuracy of the representation; writes knn.json",
               "directclr knn runs/direct --k 20\n  directclr knn" + weights,
               {"data", "k", "knn_temperature"}},
              &Engine::knn, &add_results_option<KnnRequest>);
  add_command(app, program,
              {"evaluate",
               "probe, k-NN and both spectra from one pass over the images; --dims adds a probe of those columns, "
               "--random-init one of the untrained encoder",
               "directclr evaluate runs/direct --cached\n  directclr evaluate" + weights + " --cached",
               {"data", "cached", "dims", "random_init", "k", "feature_limit"}},
              &Engine::evaluate, &add_results_option<EvaluateRequest>);
  add_command(app, program,
              {"embed",
               "write features, the images' names and their labels to a .npy or .safetensors file",
               "directclr embed runs/direct --out features.npy\n  directclr embed" + weights + " --out features.npy",
               {"data", "layer", "split"}},
              &Engine::embed, &add_embed_options);
}

}  // namespace directclr::cli
