#include <CLI/CLI.hpp>
#include <memory>

#include "cli/common_settings.h"
#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/plan/cost_model.h"

namespace directclr::cli {
namespace {

Json to_json(const plan::Plan& p, const plan::Machine& machine) {
  return {{"machine", machine.name},
          {"measured", machine.measured},
          {"devices", p.devices},
          {"images_per_device", p.images_per_device},
          {"steps", p.steps},
          {"parameters", p.network.parameters},
          {"macs_per_view", p.network.macs_per_view},
          {"device_bytes", p.device_bytes},
          {"bytes_sent_per_step", p.bytes_sent},
          {"compute_seconds", p.compute_seconds},
          {"loss_seconds", p.loss_seconds},
          {"gradient_seconds", p.gradient_seconds},
          {"gradient_exposed_seconds", p.gradient_exposed_seconds},
          {"embedding_seconds", p.embedding_seconds},
          {"norm_seconds", p.norm_seconds},
          {"monitor_seconds", p.monitor_seconds},
          {"loader_seconds", p.loader_seconds},
          {"step_seconds", p.step_seconds},
          {"images_per_second", p.images_per_second},
          {"train_seconds", p.train_seconds},
          {"bottleneck", p.bottleneck}};
}

std::string text_of(const plan::Plan& p, const plan::Machine& machine) {
  const auto milliseconds = [](double seconds) { return format("%10.2f ms", 1000 * seconds); };
  std::string text = format("%lld devices, %lld images each; %s\n", static_cast<long long>(p.devices),
                            static_cast<long long>(p.images_per_device), machine.name.c_str());
  text += format("  memory of a device     %10.2f GiB%s\n", p.device_bytes / (1 << 30),
                 machine.device_bytes > 0 && p.device_bytes > machine.device_bytes ? "  more than it has" : "");
  text += format("  sent by a device       %10.1f MiB a step\n", p.bytes_sent / (1 << 20));
  text += "  forward and backward   " + milliseconds(p.compute_seconds) + "\n";
  text += "  loss                   " + milliseconds(p.loss_seconds) + "\n";
  text += "  sum of gradients       " + milliseconds(p.gradient_exposed_seconds) +
          format("  (%.2f ms in all, the rest behind the backward)\n", 1000 * p.gradient_seconds);
  text += "  embeddings             " + milliseconds(p.embedding_seconds) + "\n";
  text += "  batch normalisation    " + milliseconds(p.norm_seconds) + "\n";
  if (p.monitor_seconds > 0) {  // was measured
    text += "  monitor                " + milliseconds(p.monitor_seconds) +
            "  (a look at each logged step, over all steps)\n";
  }
  text += std::string(machine.computes_on_cores ? "  images, on its cores   " : "  images, beside it all  ") +
          milliseconds(p.loader_seconds) + "\n";
  text += "  a step                 " + milliseconds(p.step_seconds) +
          format("  (%.0f images/s; most of it: %s)\n", p.images_per_second, p.bottleneck.c_str());
  text += format("  %lld steps               %s", static_cast<long long>(p.steps),
                 format_duration(p.train_seconds).c_str());
  return text;
}

}  // namespace

void add_plan(CLI::App& app, Program& program) {
  struct State {
    SettingOptions options;
    std::string config;
    std::string machine = "h100";
    int64_t images = 1281167;
    int64_t nodes = 1;
    int64_t gpus = 0;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("plan", "predict memory, traffic and time of a training on many devices");
  command->add_option("--config", state->config,
                      "settings from a TOML file; options on the command line take precedence");
  command
      ->add_option("--machine", state->machine,
                   "FILE.json from `directclr bench`, or assumed figures: h100, v100 (eight a node)")
      ->default_str("h100");
  command->add_option("--images", state->images, "training images")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 40))
      ->default_str("1281167");
  command->add_option("--nodes", state->nodes, "machines")->check(CLI::Range(1, 1 << 16))->default_str("1");
  command->add_option("--gpus", state->gpus, "devices (or processes) a machine")
      ->check(CLI::Range(1, 1024))
      ->default_str("8, or as many processes as were measured at a time");
  settings::TrainSettings defaults;
  state->options.add_to(*command, fields_of(defaults), kCommonCostSettings);
  add_example(*command, "directclr plan --config recipes/paper-imagenet.toml --machine v100 --nodes 4 --gpus 8");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      settings::TrainSettings settings;
      FieldList fields = fields_of(settings);
      state->options.apply(fields, state->config);
      if (settings.data.empty()) settings.data = "folder:images";  // only its kind matters here
      settings.resolve(state->options.given(state->config));
      const bool file = state->machine.ends_with(".json");
      const auto machine = file ? plan::Machine::read(state->machine) : plan::Machine::assumed(state->machine);
      if (state->options.on_command_line("threads") && machine.threads > 0 && settings.threads != machine.threads) {
        throw InputError("--threads",
                         format("the figures are of processes of %lld", static_cast<long long>(machine.threads)),
                         format("measure so many: directclr bench step --threads %lld --out FILE",
                                static_cast<long long>(settings.threads)));
      }
      const int64_t measured = machine.computes_on_cores ? machine.processes : 0;
      const int64_t gpus = state->gpus > 0 ? state->gpus : measured > 0 ? measured : 8;
      const auto plan = plan::make_plan(settings, state->images, state->nodes, gpus, machine);
      console.result(text_of(plan, machine), to_json(plan, machine).dump());
    };
  });
}

}  // namespace directclr::cli
