#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"

namespace directclr::cli {
namespace {

void add_step(CLI::App& bench, Program& program) {
  struct State {
    SettingOptions options;
    Processes processes;
    std::string config;
    BenchRequest request;
  };
  auto state = std::make_shared<State>();
  auto* command = bench.add_subcommand(
      "step",
      "computing: a training step, the loss, and with --data the loader; with --nproc on several devices at the same "
      "time");
  command->add_option("--config", state->config,
                      "settings from a TOML file; options on the command line take precedence");
  state->processes.add_to(*command);
  command->add_option("--out", state->request.out, "add the figures to this FILE.json, for directclr plan");
  command->add_option("--images", state->request.images, "images of the larger of the two batches measured")
      ->check(CLI::Range(8, 1 << 16))
      ->default_str("64");
  command->add_option("--seconds", state->request.seconds, "time for each measurement")
      ->check(CLI::Range(0.01, 600.0))
      ->default_str("3");
  settings::TrainSettings defaults;
  state->options.add_to(*command, fields_of(defaults));
  add_example(*command, "directclr bench step --arch resnet50 --image-size 224 --out machine.json");
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      auto& settings = state->request.settings;
      FieldList fields = fields_of(settings);
      state->options.apply(fields, state->config);
      state->request.with_data = !settings.data.empty();
      if (!state->request.with_data) settings.data = "folder:images";
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.environment = environment;
        settings.resolve(state->options.given(state->config), environment.local_size);
        load_engine().bench_step(state->request, console);
      });
    };
  });
}

void add_comm(CLI::App& bench, Program& program) {
  struct State {
    Processes processes;
    BenchRequest request;
  };
  auto state = std::make_shared<State>();
  auto* command = bench.add_subcommand("comm", "latency and bandwidth of all-reduce");
  state->processes.add_to(*command);
  command->add_option("--out", state->request.out, "add the figures to this FILE.json, for directclr plan");
  command->add_option("--device", state->request.settings.device, "auto, cpu or cuda")->default_str("auto");
  command->add_flag("--between-nodes", state->request.between_nodes, "the figures are of hops between machines");
  command->add_option("--seconds", state->request.seconds, "time for each measurement")
      ->check(CLI::Range(0.01, 600.0))
      ->default_str("3");
  add_example(*command, "directclr bench comm --nproc 2 --out machine.json");
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.environment = environment;
        load_engine().bench_comm(state->request, console);
      });
    };
  });
}

}  // namespace

void add_bench(CLI::App& app, Program& program) {
  auto* bench = app.add_subcommand("bench", "measure this machine");
  bench->require_subcommand(1);
  add_example(*bench, "directclr bench data folder:photos");
  add_step(*bench, program);
  add_comm(*bench, program);
  add_bench_data(*bench, program);
}

}  // namespace directclr::cli
