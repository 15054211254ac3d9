#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"
#include "cli/standard_input.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/report/spectrum_inputs.h"
#include "directclr/report/spectrum_weights.h"
#include "directclr/spectrum/gates.h"

namespace directclr::cli {
namespace {

// Text is printed as it comes, the object of all at the end.
void print_text(const report::Finding& finding, Console& console) { console.result(finding.text, ""); }
void print_object(const Json& object, Console& console) { console.result("", object.dump()); }

void run_on_weights(const SpectrumRequest& request, Console& console) {
  const auto method = request.settings.exact ? linalg::SvdMethod::kExact : linalg::SvdMethod::kGram;
  Json all = Json::array();
  for (const auto& input : request.inputs) {
    const auto result = with_input(input, [&](const std::filesystem::path& file) {
      return report::measure_weights(file, request.settings.prefix, method, console.context());
    });
    const auto finding = report::write_weights(result, request.out);
    print_text(finding, console);
    all.push_back(finding.object);
  }
  print_object(all.size() == 1 ? all[0] : Json{{"inputs", all}}, console);
}

void run_spectrum(const SpectrumRequest& request, Console& console) {
  report::SpectrumInputs inputs(request.settings, request.inputs.size(), request.out);
  const ThreadLimit limit(static_cast<size_t>(request.base.threads));
  const bool first = request.base.environment.rank == 0;  // reading a file is one process's work
  if (request.settings.weights) {
    if (first) run_on_weights(request, console);
    return;
  }
  for (const auto& input : request.inputs) {
    std::error_code none;
    if (input != "-" && (std::filesystem::is_fifo(input, none) || std::filesystem::is_character_file(input, none))) {
      throw InputError(input.string(), "is a pipe or a device", "give it to standard input, and write - here");
    }
    std::optional<report::MeasuredInput> measured;
    if (std::filesystem::is_directory(input)) {
      const io::RowSettings& rows = request.settings.rows;
      if (!rows.columns.empty() || !rows.label_column.empty() || rows.pool != "none") {
        throw InputError(input.string(), "--columns, --label-column and --pool are for files, and this is a run");
      }
      SpectrumRequest one = request;
      one.base.run = input;
      measured = load_engine().measure_run(one, console);
    } else if (first) {
      measured = with_input(input, [&](const std::filesystem::path& file) {
        return report::measure_file(file, request.settings, console.context());
      });
      if (input == "-") measured->result.protocol["file"] = "standard input";
    }
    if (!measured) continue;
    for (const auto& finding : inputs.add(std::move(*measured))) print_text(finding, console);
  }
  if (!first) return;
  if (inputs.has_page()) {
    inputs.write_page();
    console.notice("wrote " + (request.out / "index.html").string());
  }
  print_object(inputs.object(), console);
  if (!inputs.failed().empty()) throw spectrum::GateFailure(inputs.failed());
}

}  // namespace

void add_spectrum(CLI::App& app, Program& program) {
  struct State {
    SettingOptions options;
    Processes processes;
    SpectrumRequest request;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("spectrum",
                                     "is it collapsed? Spectrum of the covariance (paper Eqn 1), measures and a "
                                     "verdict, of runs or of embeddings from "
                                     "any framework");
  command
      ->add_option(
          "inputs", state->request.inputs,
          "run directories, or files of embeddings (N, D): .npy, .npz, .safetensors, of torch.save whatever their "
          "name, .csv, .tsv, .txt, "
          "or .tar with KEY.npy a sample; 'parts/*.npy' is one input in parts, - standard input (.npy or a table)")
      ->required();
  command->add_option(
      "--out", state->request.out,
      "folder for the figures and one page, index.html, of all inputs [print only; runs keep theirs too]");
  state->processes.add_to(*command);
  state->options.add_to(*command, fields_of(state->request),
                        {"layer", "split", "data", "explain", "limit", "l2_normalize", "skip_nonfinite", "neighbours",
                         "weights", "tensor", "columns", "fail_under", "fail_over", "fail_on", "dead_below",
                         "collapsed_share", "rows_per_dimension"});
  add_example(*command,
              "directclr spectrum runs/direct --layer representation\n"
              "  directclr spectrum mine.npy theirs.pt --fail-under rank=0.1D --fail-on collapse --out spectra",
              gates_help("--fail"));
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      FieldList fields = fields_of(state->request);
      state->options.apply(fields, "");
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.base.environment = environment;
        run_spectrum(state->request, console);
      });
    };
  });
}

}  // namespace directclr::cli
