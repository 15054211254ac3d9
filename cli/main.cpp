#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>

#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/shell_word.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/spectrum/gates.h"

namespace {

using directclr::cli::Console;
using directclr::cli::kBadInput;
using directclr::cli::kExitStatusHelp;
using directclr::cli::kFailed;
using directclr::cli::kGateFailed;
using directclr::cli::kInterrupted;
using directclr::cli::kNumerical;
using directclr::cli::Program;

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The argument that nobody took, with the nearest one that the sub-command or the program would have; "" when each was
// taken. `place`: the sub-command that was called, "directclr export".
std::string explain_unknown(const CLI::App& app, std::string& place) {
  const CLI::App* command = &app;
  std::vector<std::string> left = app.remaining();
  std::vector<std::string> candidates = long_names(app);
  place = "directclr";
  while (true) {
    for (const auto* child : command->get_subcommands([](const CLI::App*) { return true; })) {
      candidates.push_back(child->get_name());
    }
    if (command->get_subcommands().empty()) break;
    command = command->get_subcommands().front();
    place += " " + command->get_name();
    for (const auto& word : command->remaining()) left.push_back(word);
    candidates = long_names(*command);
  }
  if (left.empty()) return "";
  const std::string word = left.front().substr(0, left.front().find('='));
  const std::string near = directclr::nearest(word, candidates);
  return "unknown argument '" + word + "' (" +
         (near.empty() ? "see " + place + " --help" : "did you mean " + near + "?") + ")";
}

int report(const std::string& message, int status) {
  std::fprintf(stderr, "directclr: %s\n", message.c_str());
  return status;
}

// libtorch's own errors carry a backtrace after the first line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int run(int argc, char** argv) {
  CLI::App app(
      "Trains contrastive self-supervised vision models and shows whether and why their representations collapse.",
      "directclr");
  app.formatter(std::make_shared<directclr::cli::HelpFormatter>());
  app.set_help_flag("-h,--help", "what is commonly needed");
  app.set_help_all_flag("--help-all", "every command and setting");
  Program program;
  bool verbose = false;
  for (int i = 0; i < argc; ++i) program.command_line += i ? " " + directclr::shell_word(argv[i]) : "directclr";
  program.arguments.assign(argv + 1, argv + argc);
  app.set_version_flag("--version", directclr::kVersion);
  app.add_flag("--json", program.json, "print the result as one JSON object on standard output");
  app.add_flag("--verbose", verbose, "print errors in full");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n  directclr train --data fashion-mnist --arch bottleneck:1,1,1,1:16 --epochs 1 --out runs/first\n"
      "Help on a command: directclr COMMAND --help, with every setting --help-all\n" +
      std::string(kExitStatusHelp));
  directclr::cli::add_train(app, program);
  directclr::cli::add_evaluation(app, program);
  directclr::cli::add_spectrum(app, program);
  directclr::cli::add_explain(app, program);
  directclr::cli::add_export(app, program);
  directclr::cli::add_report(app, program);
  directclr::cli::add_watch(app, program);
  directclr::cli::add_data(app, program);
  directclr::cli::add_pack(app, program);
  directclr::cli::add_theory(app, program);
  directclr::cli::add_reproduce(app, program);
  directclr::cli::add_experiment(app, program);
  directclr::cli::add_plan(app, program);
  directclr::cli::add_bench(app, program);
  directclr::cli::group_commands(app, "Data", {"data", "pack"});
  directclr::cli::group_commands(app, "Training", {"train", "watch", "plan", "bench"});
  directclr::cli::group_commands(app, "Evaluation and diagnosis",
                                 {"evaluate", "probe", "knn", "embed", "spectrum", "explain", "report", "export"});
  directclr::cli::group_commands(app, "Comparisons and the paper", {"experiment", "reproduce", "theory"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    std::string place;
    return report(explain_unknown(app, place), kBadInput);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::string place;
    const std::string message = explain_unknown(app, place);
    return report(message.empty() ? first_line(error.what()) + " (see " + place + " --help)" : message, kBadInput);
  }
  Console console(program.json);
  const auto fail = [&](const std::string& message, int status) {
    if (!message.empty()) console.error(message);  // ends a progress bar first
    if (console.one_of_several()) Console::leave(status);
    return status;
  };
  const auto fail_line = [&](const std::string& line) {
    if (console.speaks_for_all()) console.error(line);
  };
  try {
    program.action(console);
    return program.status;
  } catch (const directclr::InputError& error) {
    return fail(error.what(), kBadInput);
  } catch (const directclr::Interrupted& error) {
    return fail(console.speaks_for_all() ? error.what() : "", kInterrupted);  // all processes throw it
  } catch (const directclr::spectrum::GateFailure& error) {
    for (const auto& line : error.lines()) fail_line(line);
    return fail("", kGateFailed);
  } catch (const directclr::RankFailure& error) {
    return fail(error.reported ? "" : error.what(), kFailed);  // one process says it for all
  } catch (const directclr::NumericalError& error) {
    return fail(console.speaks_for_all() ? error.what() : "", kNumerical);  // likewise
  } catch (const std::bad_alloc&) {
    return fail("out of memory (use a smaller --batch-size)", kFailed);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(error.path1().string() + ": " + error.code().message(), kBadInput);
  } catch (const std::exception& error) {
    return fail(verbose ? error.what() : first_line(error.what()), kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  directclr::cli::Console::catch_signals();
  directclr::cli::Console::hold_standard_files();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return report(error.what(), kFailed);
  }
}
