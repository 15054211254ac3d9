#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/paper/phase.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/paper/theory_page.h"

namespace directclr::cli {
namespace {

using theory::LaboratorySettings;

// "0,0.5,1" as numbers.
template <class Number>
std::vector<Number> parse_list(const std::string& text, const std::string& option) {
  std::vector<Number> numbers;
  for (const auto& piece : split(text, ',')) {
    double value = 0;
    if (!parse_double(piece, value) || static_cast<double>(static_cast<Number>(value)) != value) {
      throw InputError(option, "'" + piece + "' is not a number", "write numbers with commas between: 1,2,4");
    }
    numbers.push_back(static_cast<Number>(value));
  }
  return numbers;
}

template <class Number>
std::string list_text(const std::vector<Number>& numbers) {
  std::vector<std::string> parts;
  for (const auto number : numbers) parts.push_back(format_number(static_cast<double>(number)));
  return join(parts, ",");
}

// Options that hold a list of numbers, read when the command runs.
class ListOptions {
 public:
  template <class Number>
  void add(CLI::App& command, const std::string& option, std::vector<Number>& target, const std::string& help) {
    auto text = std::make_shared<std::string>(list_text(target));
    command.add_option(option, *text, help)->default_str(*text)->type_name("LIST")->group("grid")->take_last();
    readers_.push_back([text, option, &target] { target = parse_list<Number>(*text, option); });
  }
  void read() const {
    for (const auto& reader : readers_) reader();
  }

 private:
  std::vector<std::function<void()>> readers_;
};

// What one of the figure commands holds between parsing and running.
struct FigureState {
  SettingOptions options;
  ListOptions lists;
  std::string config;
  std::string out;
  std::vector<double> strengths = {0, 0.5, 1, 1.5, 2, 2.5, 3, 4};
  std::vector<int64_t> depths = {1, 2, 3, 4};
  std::vector<int64_t> blocks = {1, 2, 3, 6};
  paper::PhaseGrid grid;

  LaboratorySettings settings(LaboratorySettings defaults) const {
    FieldList fields = fields_of(defaults);
    options.apply(fields, config);
    defaults.resolve(options.given(config));
    return defaults;
  }
};

using MakeFigure = std::function<paper::FigureResult(const LaboratorySettings&, const FigureState&, const Context&)>;

void save(const paper::FigureResult& result, const std::filesystem::path& directory) {
  write_file(directory / (result.name + ".json"), result.to_json());
}

void add_figure(CLI::App& theory, Program& program, const std::string& name, const std::string& help,
                const LaboratorySettings& defaults, const std::function<void(CLI::App&, FigureState&)>& more,
                const MakeFigure& make) {
  auto state = std::make_shared<FigureState>();
  auto* command = theory.add_subcommand(name, help);
  command->add_option("--out", state->out, "directory for csv, gnuplot script, svg and json")->required();
  command->add_option("--config", state->config,
                      "settings from a TOML file; options on the command line take precedence");
  LaboratorySettings prototype = defaults;
  state->options.add_to(*command, fields_of(prototype),
                        {"layers", "width", "relu", "preset", "points", "batch_size", "k", "iterations",
                         "learning_rate", "seed", "seeds"});
  more(*command, *state);
  add_example(*command, "directclr theory " + name + " --out runs/theory --seeds 3");
  command->callback([&program, state, defaults, make] {
    program.action = [state, defaults, make](Console& console) {
      state->lists.read();
      const LaboratorySettings settings = state->settings(defaults);
      make_directories(state->out);
      const FolderLock owner(state->out);
      const paper::FigureResult result = make(settings, *state, console.context());
      save(result, state->out);
      std::string text = result.to_text();
      for (const auto& drawing : result.drawings) {
        text += "  " + (std::filesystem::path(state->out) / (drawing.name + ".svg")).string() + "\n";
      }
      console.result(text, result.to_json());
    };
  });
}

// Exit status 1 when a statement does not hold.
void require_all(const std::vector<theory::Check>& checks) {
  const auto failing = std::count_if(checks.begin(), checks.end(), [](const auto& c) { return !c.holds(); });
  if (failing > 0) throw Error(format("%td of %zu statements do not hold", failing, checks.size()));
}

void add_check(CLI::App& theory, Program& program) {
  struct State {
    SettingOptions options;
    std::vector<std::string> names;
    bool explain = false;
  };
  auto state = std::make_shared<State>();
  auto* command = theory.add_subcommand("check", "check every statement numerically; exit status 0 if all hold");
  command->add_option("names", state->names, "only these: " + join(theory::check_names()));
  command->add_flag("--explain", state->explain, "print statement, formula, every measure and remarks");
  theory::CheckSettings defaults;
  state->options.add_to(*command, fields_of(defaults));
  add_example(*command, "directclr theory check lemma5 theorem2 --explain");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      theory::CheckSettings settings;
      FieldList fields = fields_of(settings);
      state->options.apply(fields, "");
      const auto checks = theory::run_checks(settings, state->names, console.context());
      console.result(paper::checks_text(checks, state->explain), paper::checks_json(checks));
      require_all(checks);
    };
  });
}

void add_all(CLI::App& theory, Program& program) {
  auto out = std::make_shared<std::string>();
  auto* command = theory.add_subcommand("all", "all checks and figures at their defaults, and one HTML page");
  command->add_option("--out", *out, "directory for the page and the figures")->required();
  add_example(*command, "directclr theory all --out runs/theory");
  command->callback([&program, out] {
    program.action = [&program, out](Console& console) {
      const std::filesystem::path directory = *out;
      const Context& context = console.context();
      const FigureState lists;
      const auto at = [](LaboratorySettings settings) {
        settings.resolve({});
        return settings;
      };
      make_directories(directory);
      const FolderLock owner(directory);
      const auto checks = theory::run_checks({}, {}, context);
      write_file(directory / "checks.json", paper::checks_json(checks));
      const std::vector<paper::FigureResult> figures = {
          paper::figure3(at(paper::figure3_defaults()), lists.strengths, directory, context),
          paper::figure5(at(paper::figure56_defaults()), directory, context),
          paper::figure6(at(paper::figure56_defaults()), directory, context),
          paper::figure11(at(paper::figure11_defaults()), lists.depths, directory, context),
          paper::figure_stage(at(paper::figure_stage_defaults()), lists.blocks, directory, context),
          paper::phase_diagram(at(paper::phase_defaults()), lists.grid, directory, context)};
      std::string text = paper::checks_text(checks, false);
      Json object = Json::parse(paper::checks_json(checks));
      for (const auto& figure : figures) {
        save(figure, directory);
        text += "\n" + figure.to_text();
        object["figures"].push_back(Json::parse(figure.to_json()));
      }
      const auto page = directory / "theory.html";
      write_file(page, paper::theory_page(checks, figures, program.command_line));
      object["page"] = page.string();
      console.result(text + "\nwrote " + page.string() + "\n", object.dump(2));
      require_all(checks);
    };
  });
}

}  // namespace

void add_theory(CLI::App& app, Program& program) {
  auto* theory =
      app.add_subcommand("theory", "the paper's theory on linear models: checks, Figures 3, 5, 6, 11, phases");
  theory->require_subcommand(1);
  add_example(*theory, "directclr theory check\n  directclr theory all --out runs/theory");
  add_check(*theory, program);
  add_figure(
      *theory, program, "fig3", "Figure 3: strong augmentation makes singular values vanish", paper::figure3_defaults(),
      [](CLI::App& command, FigureState& state) {
        state.lists.add(command, "--ks", state.strengths, "strengths k of the augmentation, one curve each");
      },
      [](const LaboratorySettings& settings, const FigureState& state, const Context& context) {
        return paper::figure3(settings, state.strengths, state.out, context);
      });
  const auto nothing = [](CLI::App&, FigureState&) {};
  add_figure(*theory, program, "fig5", "Figure 5: the layers' singular vectors align", paper::figure56_defaults(),
             nothing, [](const LaboratorySettings& settings, const FigureState& state, const Context& context) {
               return paper::figure5(settings, state.out, context);
             });
  add_figure(*theory, program, "fig6", "Figure 6: small singular values stay behind", paper::figure56_defaults(),
             nothing, [](const LaboratorySettings& settings, const FigureState& state, const Context& context) {
               return paper::figure6(settings, state.out, context);
             });
  add_figure(
      *theory, program, "fig11", "Figure 11: more layers, more collapse; with and without ReLU",
      paper::figure11_defaults(),
      [](CLI::App& command, FigureState& state) {
        state.lists.add(command, "--depths", state.depths, "numbers of layers, 1 .. 8, one curve each");
      },
      [](const LaboratorySettings& settings, const FigureState& state, const Context& context) {
        return paper::figure11(settings, state.depths, state.out, context);
      });
  add_figure(
      *theory, program, "stage", "beyond the paper: what a sub-vector loss teaches the other channels",
      paper::figure_stage_defaults(),
      [](CLI::App& command, FigureState& state) {
        state.lists.add(command, "--blocks", state.blocks,
                        "residual blocks of the last stage, 1 .. 16, one curve each");
      },
      [](const LaboratorySettings& settings, const FigureState& state, const Context& context) {
        return paper::figure_stage(settings, state.blocks, state.out, context);
      });
  add_figure(
      *theory, program, "phase", "beyond the paper: collapse over a grid of settings, resumable",
      paper::phase_defaults(),
      [](CLI::App& command, FigureState& state) {
        state.lists.add(command, "--ks", state.grid.strengths, "strengths k");
        state.lists.add(command, "--depths", state.grid.depths, "numbers of layers");
        state.lists.add(command, "--scales", state.grid.scales, "scales of the initial weights");
        state.lists.add(command, "--learning-rates", state.grid.learning_rates, "learning rates");
        state.lists.add(command, "--noised-widths", state.grid.noised, "dimensions that the noise covers");
        state.lists.add(command, "--batch-sizes", state.grid.batch_sizes, "batch sizes");
      },
      [](const LaboratorySettings& settings, const FigureState& state, const Context& context) {
        return paper::phase_diagram(settings, state.grid, state.out, context);
      });
  add_all(*theory, program);
}

}  // namespace directclr::cli
