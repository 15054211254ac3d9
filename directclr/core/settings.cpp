#include "directclr/core/settings.h"

#include <cmath>
#include <sstream>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/core/toml.h"

namespace directclr {
namespace {

std::string number_text(double value) {
  // Whole numbers and powers of ten read better in plain form.
  return format_number(value);
}

}  // namespace

std::string Field::option() const {
  std::string result = "--" + name;
  for (char& c : result) {
    if (c == '_') c = '-';
  }
  return result;
}

std::string Field::text() const {
  struct Visitor {
    std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
    std::string operator()(const int64_t* v) const { return std::to_string(*v); }
    std::string operator()(const double* v) const { return number_text(*v); }
    std::string operator()(const std::string* v) const { return *v; }
  };
  return std::visit(Visitor{}, value);
}

std::string Field::range() const {
  if (!choices.empty()) return join(choices, " | ");
  const bool number = std::holds_alternative<int64_t*>(value) || std::holds_alternative<double*>(value);
  if (!number || (std::isinf(low) && std::isinf(high))) return "";
  if (std::isinf(high)) return ">= " + number_text(low);
  if (std::isinf(low)) return "<= " + number_text(high);
  return number_text(low) + " .. " + number_text(high);
}

void Field::set(std::string_view text, const std::string& where) {
  struct Visitor {
    std::string_view text;
    bool operator()(bool* v) const {
      *v = text == "true";
      return text == "true" || text == "false";
    }
    bool operator()(int64_t* v) const { return parse_int(text, *v); }
    bool operator()(double* v) const { return parse_double(text, *v); }
    bool operator()(std::string* v) const {
      *v = text;
      return true;
    }
  };
  if (!std::visit(Visitor{text}, value)) {
    const char* kinds[] = {"true or false", "a whole number", "a number", "text"};
    throw InputError(where, "'" + std::string(text) + "' is not " + kinds[value.index()], help);
  }
  check(where);
}

void Field::check(const std::string& where) const {
  double number = 0;
  if (auto* v = std::get_if<int64_t*>(&value)) number = static_cast<double>(**v);
  if (auto* v = std::get_if<double*>(&value)) number = **v;
  if (std::isnan(number) || number < low || number > high) {
    throw InputError(where, text() + " is out of range", "allowed: " + range());
  }
  if (auto* v = std::get_if<std::string*>(&value); v && !choices.empty()) {
    for (const auto& choice : choices) {
      if (choice == **v) return;
    }
    const std::string near = nearest(**v, choices);
    throw InputError(where, "'" + **v + "' is not known",
                     (near.empty() ? "" : "did you mean '" + near + "'? ") + "allowed: " + range());
  }
}

void FieldList::add(std::string name, bool& value, std::string help) {
  add({section_, std::move(name), &value, std::move(help), {}, {}, {}});
}
void FieldList::add(std::string name, int64_t& value, double low, double high, std::string help) {
  add({section_, std::move(name), &value, std::move(help), low, high, {}});
}
void FieldList::add(std::string name, double& value, double low, double high, std::string help) {
  add({section_, std::move(name), &value, std::move(help), low, high, {}});
}
void FieldList::add(std::string name, std::string& value, std::string help, std::vector<std::string> choices) {
  add({section_, std::move(name), &value, std::move(help), {}, {}, std::move(choices)});
}

void FieldList::add(Field field) {
  if (find(field.name)) throw std::logic_error("two settings are named " + field.name);
  fields_.push_back(std::move(field));
}

Field* FieldList::find(std::string_view name) {
  for (auto& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

Field* FieldList::find_former(std::string_view name) {
  if (name.empty()) return nullptr;
  for (auto& field : fields_) {
    if (field.former_name == name) return &field;
  }
  return nullptr;
}

std::vector<std::string> FieldList::names() const {
  std::vector<std::string> result;
  for (const auto& field : fields_) result.push_back(field.name);
  return result;
}

void FieldList::check() const {
  for (const auto& field : fields_) field.check(field.option());
}

std::vector<TomlEntry> read_toml(const std::string& path) {
  std::vector<TomlEntry> entries;
  const toml::table file = read_toml_file(path);
  for (const auto& [section, node] : file) {
    const auto* table = node.as_table();
    if (!table) {
      throw InputError(path, "key '" + std::string(section.str()) + "' stands outside a [section]");
    }
    for (const auto& [key, value] : *table) {
      std::string text;
      if (auto v = value.value_exact<bool>()) {
        text = *v ? "true" : "false";
      } else if (auto i = value.value_exact<int64_t>()) {
        text = std::to_string(*i);
      } else if (auto d = value.value_exact<double>()) {
        text = format_number(*d);
      } else if (auto s = value.value_exact<std::string>()) {
        text = *s;
      } else {
        throw InputError(path, "key '" + std::string(key.str()) + "' must be a number, a text, true or false");
      }
      entries.push_back({std::string(section.str()), std::string(key.str()), text});
    }
  }
  return entries;
}

void apply_toml(const std::vector<TomlEntry>& entries, FieldList& fields, const std::string& path) {
  for (const auto& entry : entries) {
    Field* field = fields.find(entry.name);
    if (!field) field = fields.find_former(entry.name);
    if (!field || field->section != entry.section) {
      std::string hint;
      if (field) {
        hint = "it belongs in [" + field->section + "]";
      } else if (const auto near = nearest(entry.name, fields.names()); !near.empty()) {
        hint = "did you mean '" + near + "'?";
      }
      throw InputError(path, "unknown key '" + entry.section + "." + entry.name + "'", hint);
    }
    field->set(entry.text, path + ": " + entry.section + "." + entry.name);
  }
}

std::vector<std::string> option_words(const FieldList& fields) {
  std::vector<std::string> words;
  for (const auto& field : fields.fields()) {
    if (std::holds_alternative<bool*>(field.value)) {
      words.push_back(field.text() == "true" ? field.option() : "--no-" + field.option().substr(2));
    } else if (!field.text().empty()) {
      words.insert(words.end(), {field.option(), field.text()});
    }
  }
  return words;
}

std::string write_toml(const FieldList& fields, const std::string& title) {
  std::ostringstream out;
  out << "# " << title << "\n";
  std::string section;
  for (const auto& field : fields.fields()) {
    if (field.section != section) {
      section = field.section;
      out << "\n[" << section << "]\n";
    }
    std::string text = field.text();
    if (std::holds_alternative<std::string*>(field.value)) text = in_quotes(text);
    // TOML tells floats from integers by the point or the exponent.
    if (std::holds_alternative<double*>(field.value) && text.find_first_of(".en") == std::string::npos) text += ".0";
    out << field.name << " = " << text << "  # " << field.help;
    if (const auto range = field.range(); !range.empty()) out << " [" << range << "]";
    out << "\n";
  }
  return out.str();
}

}  // namespace directclr
