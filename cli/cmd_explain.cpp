#include <CLI/CLI.hpp>
#include <memory>

#include "cli/foreign_options.h"

namespace directclr::cli {

void add_explain(CLI::App& app, Program& program) {
  struct State {
    SettingOptions options;
    ForeignOptions foreign;
    ExplainRequest request;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("explain", "measure the two causes of collapse on a trained network");
  const auto with_loss = [request = &state->request](FieldList& fields) { request->loss.describe(fields); };
  state->options.add_to(*command, fields_of(state->request), {"images", "batch", "attribution", "data"});
  command->add_option("--out", state->request.out,
                      "folder for index.html, explain.json and figures [RUN/explain, FILE.explain]");
  state->foreign.add_to(*command, state->request.base, with_loss);
  add_example(*command,
              "directclr explain runs/mlp --images 4096\n"
              "  directclr explain resnet50.pth --arch resnet50 --data folder:photos");
  command->callback([&program, state, with_loss] {
    program.action = [state, with_loss](Console& console) {
      FieldList fields = fields_of(state->request);
      state->options.apply(fields, "");
      state->foreign.apply(state->request.base, with_loss);
      load_engine().explain(state->request, console);
    };
  });
}

}  // namespace directclr::cli
