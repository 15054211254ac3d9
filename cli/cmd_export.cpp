#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/program.h"

namespace directclr::cli {

void add_export(CLI::App& app, Program& program) {
  auto request = std::make_shared<ExportRequest>();
  auto* command = app.add_subcommand("export", "write the encoder's weights as .safetensors with torchvision's names");
  command->add_option("run", request->run, "run directory of a finished training; with --best it need not be finished")
      ->required();
  command->add_option("--out", request->out, "FILE.safetensors to write")->required();
  command->add_flag("--projector", request->projector, "the projector's weights instead");
  command->add_flag("--best", request->best, "of the best state that train --keep-best kept, not of the last");
  add_example(*command, "directclr export runs/direct --out encoder.safetensors");
  command->callback([&program, request] {
    program.action = [request](Console& console) { load_engine().export_weights(*request, console); };
  });
}

}  // namespace directclr::cli
