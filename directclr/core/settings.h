#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace directclr {

/// One setting of a struct: where it lives and everything that is known about it. A settings struct lists its fields
/// once, in `void describe(FieldList&)`; the command line, TOML files, the docs' table and error messages all read
/// that.
struct Field {
  std::string section;  ///< table in the TOML file, e.g. "loss"
  std::string name;     ///< snake_case in TOML; the option is the same with dashes: `--batch-size`
  std::variant<bool*, int64_t*, double*, std::string*> value;
  std::string help;
  double low = -std::numeric_limits<double>::infinity();  ///< numbers: smallest value allowed
  double high = std::numeric_limits<double>::infinity();  ///< numbers: largest value allowed
  std::vector<std::string> choices;                       ///< strings: the values allowed; empty: any
  std::string former_name = {};                           ///< what files of earlier versions call it; empty: the same

  /// "--batch-size"
  std::string option() const;
  /// The present value as text ("true", "256", "0.1", "cifar").
  std::string text() const;
  /// Range or choices as text, for help: "1 .. 4096", "a | b"; "" when free.
  std::string range() const;
  /// Sets from text. Throws InputError naming `where`, the value and what is allowed.
  void set(std::string_view text, const std::string& where);
  /// Throws InputError when the present value is outside its range or choices.
  void check(const std::string& where) const;
};

/// The fields of one or more settings structs, in order. Names are unique over the whole list.
class FieldList {
 public:
  /// Fields added from here on belong to this section.
  void section(std::string name) { section_ = std::move(name); }

  void add(std::string name, bool& value, std::string help);
  void add(std::string name, int64_t& value, double low, double high, std::string help);
  void add(std::string name, double& value, double low, double high, std::string help);
  void add(std::string name, std::string& value, std::string help, std::vector<std::string> choices = {});

  /// The field added last was called this in files of earlier versions: apply_toml still knows it.
  void formerly(std::string name) { fields_.back().former_name = std::move(name); }

  /// The field of that name, or null.
  Field* find(std::string_view name);
  /// The field that earlier versions called so, or null.
  Field* find_former(std::string_view name);
  std::vector<Field>& fields() { return fields_; }
  const std::vector<Field>& fields() const { return fields_; }
  std::vector<std::string> names() const;

  /// Throws InputError for the first field outside its range.
  void check() const;

 private:
  void add(Field field);
  std::string section_;
  std::vector<Field> fields_;
};

/// The field list of one struct; it points into `settings`, which must outlive it.
template <class Settings>
FieldList fields_of(Settings& settings) {
  FieldList list;
  settings.describe(list);
  return list;
}

/// The command-line words that give the fields their present values; empty strings are left out.
std::vector<std::string> option_words(const FieldList& fields);

/// One value read from a TOML file: section, key and its text.
struct TomlEntry {
  std::string section;
  std::string name;
  std::string text;
};

/// Reads a flat TOML file of sections with scalar keys.
/// Throws InputError with path and line for a syntax error, a nested table or an array.
std::vector<TomlEntry> read_toml(const std::string& path);

/// Sets the fields from entries. Throws InputError for a key or section that no field has, naming the nearest one.
void apply_toml(const std::vector<TomlEntry>& entries, FieldList& fields, const std::string& path);

/// The fields as a TOML file, each with its help as a comment. Reading it back gives the same values exactly.
std::string write_toml(const FieldList& fields, const std::string& title);

}  // namespace directclr
