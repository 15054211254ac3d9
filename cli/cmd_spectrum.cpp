#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine/engine.h"
#include "cli/processes.h"
#include "cli/program.h"
#include "cli/run_options.h"
#include "cli/spectrum.h"

namespace directclr::cli {

void add_spectrum(CLI::App& app, Program& program) {
  struct State {
    SettingOptions verdict;
    Processes processes;
    SpectrumRequest request;
  };
  auto state = std::make_shared<State>();
  SpectrumRequest& request = state->request;
  auto* command = app.add_subcommand("spectrum",
                                     "is it collapsed? Spectrum of the covariance (paper Eqn 1), measures and a "
                                     "verdict, of runs or of embeddings from "
                                     "any framework");
  command
      ->add_option(
          "inputs", request.inputs,
          "run directories, or files of embeddings (N, D): .npy, .npz, .safetensors, .pt, .pth, .csv, or .tar with "
          "KEY.npy a sample; 'parts/*.npy' is one input in parts, - standard input (.npy or .csv)")
      ->required();
  add_evaluation_options(*command, request.base);
  state->processes.add_to(*command);
  add_layer_options(*command, request.layer, request.split);
  command->add_flag("--l2-normalize", request.analysis.l2_normalize, "divide each row by its length first [off]");
  command->add_option(
      "--tensor", request.tensor,
      "of a file that holds several tensors: this one; of a .tar, this extension of the key [its only matrix]");
  command->add_option(
      "--out", request.out,
      "folder for the figures and one page, index.html, of all inputs [print only; runs keep theirs too]");
  command->add_option("--limit", request.limit, "use at most so many images, evenly spread, or rows; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->default_str("0");
  command->add_flag("--skip-nonfinite", request.analysis.skip_nonfinite,
                    "leave out rows with infinities or not-a-numbers [off]");
  command->add_flag("--explain", request.explain, "say what each measure is and when it misleads");
  command->add_flag("--weights", request.weights,
                    "of checkpoints: singular values of every matrix, and how adjacent ones align (V2^T U1) [off]");
  command->add_flag("--exact", request.exact,
                    "with --weights: singular values by bidiagonalisation, slower, in place of the roots of Gram "
                    "matrices' eigenvalues, which see nothing below 5e-8 of the largest [off]");
  command->add_flag("--neighbours", request.analysis.neighbours,
                    "also uniformity and, from exact nearest neighbours, the intrinsic dimension; rows are held in "
                    "memory [off]");
  command->add_option("--compat", request.analysis.compat,
                      "also what another tool gives: rankme-paper, stable-pretraining, reptrix, google or lightly");
  command
      ->add_option(
          "--jackknife", request.analysis.jackknife,
          "standard errors from so many groups of rows, each left out once (rows taken for independent); 0: none")
      ->check(CLI::Range(0, 1000))
      ->default_str("0");
  command->add_flag(
      "--cka", request.cka,
      "also how alike every two inputs are (linear CKA): their rows must be the same samples, in the same "
      "order [off]");
  command
      ->add_option("--views", request.analysis.views,
                   "the rows of a file are groups of so many views of one sample: also alignment and LiDAR; 0: not")
      ->check(CLI::Range(0, 1000))
      ->default_str("0");
  command->add_option("--fail-under", request.fail_under,
                      "exit with status 1 when a measure is under its floor: rank=0.1D,normalized-std=0.5");
  state->verdict.add_to(*command, fields_of(request.verdict));
  add_example(*command,
              "directclr spectrum runs/direct --layer representation\n"
              "  directclr spectrum mine.npy theirs.pt --fail-under rank=0.1D --out spectra");
  command->callback([&program, state] {
    program.action = [&program, state](Console& console) {
      FieldList fields = fields_of(state->request.verdict);
      state->verdict.apply(fields, "");
      state->processes.carry_out(program, console, [&](const ProcessEnvironment& environment) {
        state->request.base.environment = environment;
        run_spectrum(state->request, console);
      });
    };
  });
}

}  // namespace directclr::cli
