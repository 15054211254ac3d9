#pragma once

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <set>
#include <string>
#include <vector>

#include "cli/console.h"

namespace directclr::cli {

/// Help texts in two lengths: `--help` shows what is commonly needed, `--help-all` everything, both by groups, in lines
/// of at most 100 letters. One formatter serves a program and its sub-commands.
class HelpFormatter : public CLI::Formatter {
 public:
  /// The formatter of an app of this program.
  static HelpFormatter& of(CLI::App& app);

  /// `--help` leaves this option out.
  void only_in_full(const CLI::Option* option) { only_in_full_.insert(option); }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_positionals(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* app) const override;
  std::string make_expanded(const CLI::App* app) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;

 private:
  std::string option_groups(const CLI::App* app, CLI::AppFormatMode mode) const;

  std::set<const CLI::Option*> only_in_full_;
};

/// `names` of sub-commands, in one group of the program's help.
void group_commands(CLI::App& app, const std::string& group, const std::vector<std::string>& names);

/// Adds "Example: ...", what else `more` explains, and the exit statuses under a sub-command's help.
void add_example(CLI::App& app, const std::string& example, const std::string& more = "");

/// What may follow --fail-under, --fail-over and --fail-on, or --stop-..: `options` is "--fail" or "--stop".
std::string gates_help(const std::string& options);

}  // namespace directclr::cli
