#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/help.h"
#include "directclr/core/settings.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"

namespace directclr::cli {

/// What the chosen sub-command will do once the command line has been read.
struct Program {
  bool json = false;
  std::string command_line;
  std::vector<std::string> arguments;  ///< as given, without the program's name
  std::function<void(Console&)> action;
  int status = 0;  ///< exit status, should the action set one
};

/// Command-line options made from settings. The options only collect; apply() sets the fields afterwards, so that a
/// TOML file can come between the defaults and the command line.
class SettingOptions {
 public:
  /// Adds one option a field, grouped by section. `prototype` gives names, defaults and help. `common`: the fields that
  /// `--help` shows too; all, where it is empty.
  void add_to(CLI::App& app, const FieldList& prototype, const std::vector<std::string>& common = {});

  /// Sets the fields from the TOML file, if any, then from the options given. Throws InputError.
  void apply(FieldList& fields, const std::string& toml_path) const;

  /// Names of all settings set by the file or by options.
  std::set<std::string> given(const std::string& toml_path) const;

  /// Whether an option on the command line set it.
  bool on_command_line(const std::string& name) const { return texts_.contains(name); }

 private:
  std::map<std::string, std::string> texts_;  // name -> text from the command line
};

/// The augmentation that the options describe for a data set: its preset goes by the kind of data unless named.
data::AugmentSettings augment_settings(const SettingOptions& options, const std::string& source);

/// The options on how files are understood, for commands without a settings struct that has them.
class ReadOptions {
 public:
  void add_to(CLI::App& app);
  /// Throws InputError.
  data::OpenOptions open_options(const Console& console) const;

 private:
  SettingOptions options_;
};

// One function a sub-command, each in cmd_<name>.cpp.
void add_train(CLI::App& app, Program& program);
void add_evaluation(CLI::App& app, Program& program);
/// `bench data`, which `bench` adds.
void add_bench_data(CLI::App& bench, Program& program);
void add_spectrum(CLI::App& app, Program& program);
void add_explain(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_report(CLI::App& app, Program& program);
void add_watch(CLI::App& app, Program& program);
void add_data(CLI::App& app, Program& program);
void add_pack(CLI::App& app, Program& program);
void add_theory(CLI::App& app, Program& program);
void add_plan(CLI::App& app, Program& program);
void add_reproduce(CLI::App& app, Program& program);
void add_experiment(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);

}  // namespace directclr::cli
