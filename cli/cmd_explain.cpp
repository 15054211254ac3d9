#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/data/source.h"

namespace directclr::cli {
namespace {

// A file of weights needs to be told what a run knows of itself; a run must not be told otherwise.
void resolve(ExplainRequest& request, const SettingOptions& options) {
  auto& foreign = request.foreign;
  FieldList fields = fields_of(foreign);
  options.apply(fields, "");
  if (std::filesystem::is_directory(request.base.run)) {
    for (const auto& field : fields.fields()) {
      if (options.on_command_line(field.name)) {
        throw InputError(field.option(), "is for files of weights", "a run has its own settings");
      }
    }
    return;
  }
  if (request.base.data.empty()) {
    throw InputError("--data", "no data given", "weights alone do not say which images they were trained on");
  }
  if (!options.on_command_line("arch")) throw InputError("--arch", "what kind of network are these weights of?");
  foreign.augment.complete(data::SourceSpec::parse(request.base.data), options.given(""));
}

}  // namespace

void add_explain(CLI::App& app, Program& program) {
  struct State {
    SettingOptions options;
    SettingOptions foreign;
    ExplainRequest request;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("explain", "measure the two causes of collapse on a trained network");
  command
      ->add_option("run", state->request.base.run,
                   "run directory of a finished training, or an encoder's weights with torchvision's names "
                   "(.safetensors, or of torch.save), which need --arch and --data")
      ->required();
  state->options.add_to(*command, fields_of(state->request));
  command->add_option("--out", state->request.out,
                      "folder for index.html, explain.json and figures [RUN/explain, FILE.explain]");
  state->foreign.add_to(*command, fields_of(state->request.foreign));
  add_example(*command,
              "directclr explain runs/mlp --images 4096\n"
              "  directclr explain resnet50.pth --arch resnet50 --data folder:photos");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      FieldList fields = fields_of(state->request);
      state->options.apply(fields, "");
      resolve(state->request, state->foreign);
      load_engine().explain(state->request, console);
    };
  });
}

}  // namespace directclr::cli
