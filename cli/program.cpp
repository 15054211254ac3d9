#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "directclr/data/source.h"

namespace directclr::cli {

void SettingOptions::add_to(CLI::App& app, const FieldList& prototype, const std::vector<std::string>& common) {
  HelpFormatter& help_texts = HelpFormatter::of(app);
  for (const auto& field : prototype.fields()) {
    const std::string name = field.name;
    const std::string range = field.range();
    const std::string help = field.help + (range.empty() ? "" : " {" + range + "}");
    CLI::Option* option = nullptr;
    if (std::holds_alternative<bool*>(field.value)) {
      const std::string negated = "!--no-" + field.option().substr(2);
      option = app.add_flag_function(
          field.option() + "," + negated, [this, name](int64_t count) { texts_[name] = count > 0 ? "true" : "false"; },
          help + " [" + field.text() + "]");
    } else {
      option = app.add_option_function<std::string>(
          field.option(), [this, name](const std::string& text) { texts_[name] = text; }, help);
      const char* kinds[] = {"", "INT", "NUMBER", "TEXT"};
      option->type_name(kinds[field.value.index()]);
      if (!field.text().empty()) option->default_str(field.text());
    }
    option->group(field.section)->take_last();
    if (!common.empty() && std::find(common.begin(), common.end(), name) == common.end()) {
      help_texts.only_in_full(option);
    }
  }
}

void SettingOptions::apply(FieldList& fields, const std::string& toml_path) const {
  if (!toml_path.empty()) apply_toml(read_toml(toml_path), fields, toml_path);
  for (const auto& [name, text] : texts_) {
    Field* field = fields.find(name);
    field->set(text, field->option());
  }
  fields.check();
}

std::set<std::string> SettingOptions::given(const std::string& toml_path) const {
  std::set<std::string> names;
  for (const auto& [name, text] : texts_) names.insert(name);
  if (!toml_path.empty()) {
    for (const auto& entry : read_toml(toml_path)) names.insert(entry.name);
  }
  return names;
}

data::AugmentSettings augment_settings(const SettingOptions& options, const std::string& source) {
  data::AugmentSettings settings;
  FieldList fields = fields_of(settings);
  options.apply(fields, "");
  settings.complete(data::SourceSpec::parse(source), options.given(""));
  return settings;
}

void ReadOptions::add_to(CLI::App& app) {
  data::ReadSettings defaults;
  FieldList fields;
  fields.section("reading");
  defaults.describe(fields);
  options_.add_to(app, fields);
}

data::OpenOptions ReadOptions::open_options(const Console& console) const {
  data::OpenOptions options;
  options.notice = console.context().notice;
  FieldList fields = fields_of(options.reading);
  options_.apply(fields, "");
  return options;
}

}  // namespace directclr::cli
