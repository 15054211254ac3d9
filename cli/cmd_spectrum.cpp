#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/program.h"
#include "cli/run_options.h"

namespace directclr::cli {

void add_spectrum(CLI::App& app, Program& program) {
  auto request = std::make_shared<SpectrumRequest>();
  auto* command = app.add_subcommand(
      "spectrum", "singular values of the covariance of a layer (paper Eqn 1); writes spectrum/LAYER.{json,csv,svg}");
  add_run_options(*command, request->base);
  add_layer_options(*command, request->layer, request->split);
  command->add_flag("--l2-normalize", request->l2_normalize, "divide each row by its length first [off]");
  command->add_option("--limit", request->limit, "use at most so many images, evenly spread; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->default_str("0");
  add_example(*command, "directclr spectrum runs/direct --layer representation");
  command->callback([&program, request] {
    program.action = [request](Console& console) { load_engine().spectrum(*request, console); };
  });
}

}  // namespace directclr::cli
