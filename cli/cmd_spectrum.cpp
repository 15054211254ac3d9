#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"
#include "cli/run_options.h"

namespace directclr::cli {

void add_spectrum(CLI::App& app, Program& program) {
  auto request = std::make_shared<SpectrumRequest>();
  auto processes = std::make_shared<Processes>();
  auto* command = app.add_subcommand("spectrum",
                                     "singular values of the covariance of a layer (paper Eqn 1), of a run or of "
                                     "embeddings in a .npy or .safetensors file");
  add_run_options(*command, request->base, "run directory of a finished training, or a file of embeddings (N, D)");
  processes->add_to(*command);
  add_layer_options(*command, request->layer, request->split);
  command->add_flag("--l2-normalize", request->l2_normalize, "divide each row by its length first [off]");
  command->add_option("--tensor", request->tensor, "of a .safetensors file: this tensor [its only matrix]");
  command->add_option("--out", request->out, "of a file: folder for spectrum.{json,csv,svg} [print only]");
  command->add_option("--limit", request->limit, "use at most so many images, evenly spread, or rows; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->default_str("0");
  add_example(
      *command,
      "directclr spectrum runs/direct --layer representation\n  directclr spectrum features.npy --l2-normalize");
  command->callback([&program, request, processes] {
    program.action = [&program, request, processes](Console& console) {
      processes->carry_out(program, console, [&](const dist::Environment& environment) {
        request->base.environment = environment;
        load_engine().spectrum(*request, console);
      });
    };
  });
}

}  // namespace directclr::cli
