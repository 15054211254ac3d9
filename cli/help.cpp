#include "cli/help.h"

#include <algorithm>
#include <utility>

#include "directclr/core/text.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/verdict.h"

namespace directclr::cli {
namespace {

constexpr size_t kWidth = 100;  // of a line
constexpr size_t kColumn = 28;  // where explanations begin
constexpr size_t kIndent = 2;

// The text in lines of at most `width` letters; lines that it has stay apart.
std::vector<std::string> wrapped(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  for (const auto& paragraph : split(text, '\n')) {
    const size_t margin = std::min(paragraph.find_first_not_of(' '), paragraph.size());
    std::string line = paragraph.substr(0, margin);
    bool empty = true;
    for (const auto& word : split(paragraph.substr(margin), ' ')) {
      if (!empty && line.size() + 1 + word.size() > width) {
        lines.push_back(line);
        line = std::string(margin, ' ');
        empty = true;
      }
      line += (empty ? "" : " ") + word;
      empty = false;
    }
    lines.push_back(line);
  }
  return lines;
}

std::string in_columns(const std::string& left, const std::string& right) {
  std::string text = std::string(kIndent, ' ') + left;
  bool begun = text.size() + 2 <= kColumn;  // on the same line
  if (!begun) text += "\n";
  for (const auto& line : wrapped(right, kWidth - kColumn)) {
    text += (begun ? std::string(kColumn - text.size(), ' ') : std::string(kColumn, ' ')) + line + "\n";
    begun = false;
  }
  return text;
}

// "--upright, --no-upright", without what CLI11 says of a flag's values.
std::string names_of(const CLI::Option& option, bool is_positional) {
  if (is_positional) return option.get_name(true, false);
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  return join(names);
}

// "INT:INT in [1 - 8]" as CLI11 has it: type, and range as settings have it.
std::pair<std::string, std::string> type_and_range(const std::string& text) {
  const size_t colon = text.find(':'), open = text.find('['), close = text.find(']');
  if (colon == std::string::npos || open == std::string::npos || close == std::string::npos) return {text, ""};
  std::string range = text.substr(open + 1, close - open - 1);
  if (const size_t dash = range.find(" - "); dash != std::string::npos) range.replace(dash, 3, " .. ");
  return {text.substr(0, colon), " {" + range + "}"};
}

std::string list_of(const std::string& option, spectrum::MeasureKind::Healthier healthier) {
  std::vector<std::string> names;
  for (const auto& kind : spectrum::measure_kinds()) {
    if (kind.healthier != healthier) continue;
    names.push_back(kind.name + (kind.short_name.empty() ? "" : " or " + kind.short_name));
  }
  return in_columns(option, join(names) + ".");
}

}  // namespace

HelpFormatter& HelpFormatter::of(CLI::App& app) { return dynamic_cast<HelpFormatter&>(*app.get_formatter()); }

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
  return make_description(app) + make_usage(app, std::move(name)) + make_positionals(app) + option_groups(app, mode) +
         make_subcommands(app, mode) + "\n" + make_footer(app);
}

std::string HelpFormatter::option_groups(const CLI::App* app, CLI::AppFormatMode mode) const {
  const bool full = mode != CLI::AppFormatMode::Normal;
  std::string text;
  size_t left_out = 0;
  for (const auto& group : app->get_groups()) {
    if (group.empty()) continue;
    std::string of_group;
    for (const auto* option : app->get_options()) {
      if (option->get_group() != group || !option->nonpositional()) continue;
      const bool help = option == app->get_help_ptr() || option == app->get_help_all_ptr();
      if (help && mode == CLI::AppFormatMode::Sub) continue;
      if (!full && only_in_full_.contains(option)) {
        ++left_out;
        continue;
      }
      of_group += make_option(option, false);
    }
    if (!of_group.empty()) text += "\n" + group + ":\n" + of_group;
  }
  if (left_out > 0) {
    std::string place = app->get_name();
    for (const auto* parent = app->get_parent(); parent; parent = parent->get_parent()) {
      place = parent->get_name() + " " + place;
    }
    text += format("\nand %zu more: %s --help-all\n", left_out, place.c_str());
  }
  return text;
}

std::string HelpFormatter::make_positionals(const CLI::App* app) const {
  std::string text;
  for (const auto* option : app->get_options()) {
    if (option->get_positional()) text += make_option(option, true);
  }
  return text.empty() ? "" : "\nArguments:\n" + text;
}

std::string HelpFormatter::make_subcommand(const CLI::App* app) const {
  return in_columns(app->get_name(), app->get_description());
}

std::string HelpFormatter::make_expanded(const CLI::App* app) const {
  return "\n" + app->get_name() + ": " + make_description(app) + make_positionals(app) +
         option_groups(app, CLI::AppFormatMode::Sub) + make_subcommands(app, CLI::AppFormatMode::All);
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return join(wrapped(app->get_description(), kWidth), "\n") + "\n";
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  std::string text;
  for (const auto& line : split(app->get_footer(), '\n')) {
    // Commands stay on one line, to be copied.
    text += (line.starts_with("  directclr ") ? line : join(wrapped(line, kWidth), "\n")) + "\n";
  }
  return text;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string left = names_of(*option, is_positional);
  const auto [type, range] = type_and_range(option->get_type_size() != 0 ? option->get_type_name() : "");
  if (!type.empty() && !is_positional) left += " " + type;
  if (!option->get_default_str().empty()) left += "=" + option->get_default_str();
  if (option->get_expected_max() == CLI::detail::expected_max_vector_size) left += " ...";
  if (option->get_required() && !is_positional) left += " REQUIRED";
  return in_columns(left, option->get_description() + range);
}

void group_commands(CLI::App& app, const std::string& group, const std::vector<std::string>& names) {
  for (const auto& name : names) app.get_subcommand(name)->group(group);
}

void add_example(CLI::App& app, const std::string& example, const std::string& more) {
  app.footer("Example:\n  " + example + "\n" + (more.empty() ? "" : "\n" + more + "\n") + kExitStatusHelp);
}

std::string gates_help(const std::string& options) {
  using Healthier = spectrum::MeasureKind::Healthier;
  std::string text = "Gates, several with commas between; what each measure is: directclr spectrum --explain\n";
  text += list_of(options + "-under", Healthier::kMore);
  text += list_of(options + "-over", Healthier::kLess);
  text += in_columns(options + "-on", "collapse (of any kind), " + join(spectrum::verdict_kinds().names()) + ".");
  text += in_columns("NAME=50", "the floor or ceiling is this number");
  text += in_columns("NAME=0.1D", "or this times the number of dimensions: rank=0.1D is a tenth of them");
  text += in_columns("which number?",
                     "what a run that is known to be good has, and some room: it depends on data, network and "
                     "layer, and no number is right for all");
  return text.substr(0, text.size() - 1);
}

}  // namespace directclr::cli
