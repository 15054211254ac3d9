#include <CLI/CLI.hpp>
#include <memory>

#include "cli/common_settings.h"
#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/settings_json.h"
#include "directclr/plan/stem_notice.h"
#include "directclr/settings/unused_settings.h"

namespace directclr::cli {

void add_train(CLI::App& app, Program& program) {
  struct State {
    SettingOptions options;
    Processes processes;
    std::string config;
    std::string out;
    bool resume = false;
    bool overwrite = false;
    bool dry_run = false;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("train", "train an encoder with a contrastive loss; writes a run directory");
  command->add_option("--config", state->config,
                      "settings from a TOML file; options on the command line take precedence");
  command->add_option("--out", state->out, "run directory to write");
  command->add_flag("--resume", state->resume, "continue the run in --out from its newest checkpoint");
  command->add_flag("--overwrite", state->overwrite, "replace the run in --out");
  command->add_flag("--dry-run", state->dry_run, "check the settings, print them resolved as TOML, and stop");
  state->processes.add_to(*command);
  settings::TrainSettings defaults;
  state->options.add_to(*command, fields_of(defaults), kCommonTrainSettings);
  add_example(*command,
              "directclr train --data cifar10:DIR --config recipes/cifar.toml --projector direct --d0 64 "
              "--out runs/direct",
              gates_help("--stop"));
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      if (state->out.empty() && !state->dry_run) throw InputError("--out", "no run directory given");
      if (state->resume && state->overwrite) throw InputError("--resume", "cannot go with --overwrite");
      TrainRequest request;
      request.out = state->out;
      request.command_line = program.command_line;
      std::string config = state->config;
      if (state->resume) {
        request.mode = settings::StartMode::kResume;
        const settings::RunDirectory run(state->out);
        if (!run.exists()) throw InputError(state->out, "there is no run to resume");
        if (config.empty()) config = run.config().string();
      } else if (state->overwrite) {
        request.mode = settings::StartMode::kOverwrite;
      }
      FieldList fields = fields_of(request.settings);
      SettingOptions().apply(fields, config);  // alone first: what follows from the command line is held against it
      const auto before = request.settings.optimizer;
      state->options.apply(fields, "");
      check_rate(before, request.settings.optimizer, state->options.given(""), "--optimizer");
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        // Another number of processes shares the cores out anew.
        if (state->resume && !environment.is_single()) {
          if (!state->options.on_command_line("threads")) request.settings.threads = 0;
          if (!state->options.on_command_line("workers")) request.settings.workers = 0;
        }
        const bool stem_is_ours = request.settings.encoder.stem == "auto";
        request.settings.resolve(state->options.given(config), environment.local_size);
        for (const auto& line : unused_settings(request.settings, state->options.given(""))) {
          console.notice("notice: " + line);
        }
        if (stem_is_ours) console.notice(plan::stem_notice(request.settings));
        if (state->dry_run) {
          const FieldList resolved = fields_of(request.settings);
          Json object = Json::object();
          for (const auto& field : resolved.fields()) object[field.section][field.name] = json_of(field);
          console.result(write_toml(resolved, "resolved settings"), object.dump());
          return;
        }
        request.environment = environment;
        load_engine().train(request, console);
      });
    };
  });
}

}  // namespace directclr::cli
