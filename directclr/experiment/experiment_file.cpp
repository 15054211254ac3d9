#include "directclr/experiment/experiment_file.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/core/toml.h"

namespace directclr::experiment {
namespace {

constexpr size_t kMostVariants = 10000;

using Setting = std::pair<std::string, std::string>;  // name and value as text

// A key of a table with its value, and where it stands.
struct Key {
  std::string name;
  const toml::node* node;
  std::string where;  // "file.toml:12: variants.direct.d0"
};

std::string place(const std::string& path, const toml::node& node) {
  const auto line = node.source().begin.line;
  return line > 0 ? path + ":" + std::to_string(line) : path;
}

// The table's keys in the order of the file, which the table itself forgets.
std::vector<Key> keys_of(const toml::table& table, const std::string& path, const std::string& prefix) {
  std::vector<Key> keys;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    keys.push_back({name, &node, place(path, node) + ": " + (prefix.empty() ? "" : prefix + ".") + name});
  }
  std::stable_sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
    const auto &one = a.node->source().begin, &other = b.node->source().begin;
    return std::pair(one.line, one.column) < std::pair(other.line, other.column);
  });
  return keys;
}

[[noreturn]] void refuse_unknown(const Key& key, const std::vector<std::string>& allowed) {
  const std::string near = nearest(key.name, allowed);
  throw InputError(key.where, "unknown key", near.empty() ? "" : "did you mean '" + near + "'?");
}

std::string text_of(const Key& key, const toml::node& node) {
  if (const auto v = node.value_exact<bool>()) return *v ? "true" : "false";
  if (const auto v = node.value_exact<int64_t>()) return std::to_string(*v);
  if (const auto v = node.value_exact<double>()) return format_number(*v);
  if (const auto v = node.value_exact<std::string>()) return *v;
  throw InputError(key.where, "must be a number, a text, true or false");
}

const toml::table& table_of(const Key& key) {
  if (const auto* table = key.node->as_table()) return *table;
  throw InputError(key.where, "must be a table", "[" + key.name + "]");
}

// Part of a file name, and of a pattern of --only.
std::string fit_for_file(std::string text) {
  for (char& c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '-';
  }
  return text;
}

void check_name(const std::string& name, const std::string& where) {
  if (name.empty() || name != fit_for_file(name) || name.starts_with('.') || name.starts_with('-')) {
    throw InputError(where, "'" + name + "' is no name", "allowed: letters, digits, '-', '_' and '.'");
  }
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  ExperimentFile read(const toml::table& root) {
    const std::vector<std::string> sections = {"experiment", "settings", "evaluation", "variants", "grid"};
    const auto keys = keys_of(root, path_, "");
    for (const auto& key : keys) {
      if (std::find(sections.begin(), sections.end(), key.name) == sections.end()) refuse_unknown(key, sections);
    }
    file_.name = fit_for_file(std::filesystem::path(path_).stem().string());
    file_.scale.seeds = 3;
    // The scale comes before what stands on top of it, wherever the sections are.
    for (const auto& section : sections) {
      for (const auto& key : keys) {
        if (key.name == section) read_section(key);
      }
    }
    if (file_.title.empty()) file_.title = file_.name;
    combine();
    choose_baselines();
    for (const auto& name : varied_) file_.scale.varied.insert(name);
    return std::move(file_);
  }

 private:
  void read_section(const Key& key) {
    const auto inside = keys_of(table_of(key), path_, key.name);
    if (key.name == "experiment") {
      for (const auto& entry : inside) read_head(entry);
    } else if (key.name == "settings") {
      FieldList fields = fields_of(file_.scale.train);
      for (const auto& entry : inside) {
        Field& field = setting_field(fields, entry);
        field.set(text_of(entry, *entry.node), entry.where);
        file_.scale.given.insert(field.name);
      }
    } else if (key.name == "evaluation") {
      FieldList fields = fields_of(file_.scale.evaluation);
      for (const auto& entry : inside) {
        Field* field = fields.find(entry.name);
        if (entry.name == "dims") throw InputError(entry.where, "belongs to a variant");
        if (!field) refuse_unknown(entry, fields.names());
        field->set(text_of(entry, *entry.node), entry.where);
      }
    } else if (key.name == "variants") {
      for (const auto& entry : inside) read_variant(entry);
    } else {
      for (const auto& entry : inside) read_axis(entry);
    }
  }

  void read_head(const Key& key) {
    const std::string text = text_of(key, *key.node);
    if (key.name == "name") {
      check_name(text, key.where);
      file_.name = text;
    } else if (key.name == "title") {
      file_.title = text;
    } else if (key.name == "baseline") {
      baseline_ = text;
      baseline_where_ = key.where;
    } else if (key.name == "scale") {
      const int64_t seeds = file_.scale.seeds;
      try {
        file_.scale = scales().at(text);
      } catch (const InputError& error) {
        throw InputError(key.where, error.what());
      }
      file_.scale.seeds = seeds_given_ ? seeds : file_.scale.seeds;
    } else if (key.name == "seeds") {
      if (!parse_int(text, file_.scale.seeds) || file_.scale.seeds < 1 || file_.scale.seeds > 1000) {
        throw InputError(key.where, text + " is out of range", "allowed: 1 .. 1000");
      }
      seeds_given_ = true;
    } else {
      refuse_unknown(key, {"name", "title", "seeds", "baseline", "scale"});
    }
  }

  // The training setting of that name. What the runs share or the program decides is refused.
  Field& setting_field(FieldList& fields, const Key& key, bool of_variant = false) const {
    Field* field = fields.find(key.name);
    if (!field) field = fields.find_former(key.name);
    if (!field) refuse_unknown(key, fields.names());
    if (field->name == "seed")
      throw InputError(key.where, "every variant runs with every seed", "see experiment.seeds");
    if (field->name == "threads" || field->name == "workers") {
      throw InputError(key.where, "is shared out among the runs", "see --jobs");
    }
    if (of_variant && (field->name == "data" || field->name == "device")) {
      throw InputError(key.where, "is the same for all variants", "it belongs in [settings]");
    }
    return *field;
  }

  // Checks a value and gives the setting with its present name.
  Setting checked(const Key& key, const toml::node& node) const {
    settings::TrainSettings scratch;
    FieldList fields = fields_of(scratch);
    Field& field = setting_field(fields, key, /*of_variant=*/true);
    field.set(text_of(key, node), key.where);
    return {field.name, field.text()};
  }

  void read_variant(const Key& key) {
    Variant variant{key.name, key.name, {}};
    check_name(key.name, key.where);
    for (const auto& entry : keys_of(table_of(key), path_, "variants." + key.name)) {
      if (entry.name == "label" || entry.name == "dims") {
        (entry.name == "label" ? variant.label : variant.dims) = text_of(entry, *entry.node);
      } else {
        variant.settings.push_back(checked(entry, *entry.node));
        varied_.insert(variant.settings.back().first);
      }
    }
    file_.variants.push_back(std::move(variant));
  }

  void read_axis(const Key& key) {
    const auto* array = key.node->as_array();
    if (!array || array->empty()) throw InputError(key.where, "must be a list of values", key.name + " = [1, 2]");
    std::vector<Setting> values;
    for (const auto& value : *array) values.push_back(checked(key, value));
    for (const auto& variant : file_.variants) {
      for (const auto& setting : variant.settings) {
        if (setting.first == values[0].first) {
          throw InputError(key.where, "variant " + variant.name + " sets it, too", "a setting varies in one place");
        }
      }
    }
    file_.varied.push_back(values[0].first);
    varied_.insert(values[0].first);
    axes_.push_back(std::move(values));
  }

  // Every variant at every combination of the grid, the last setting changing fastest.
  void combine() {
    if (file_.variants.empty() && axes_.empty()) {
      throw InputError(path_, "has no [variants.NAME] and no [grid]: nothing to compare");
    }
    for (const auto& variant : file_.variants) bases_.push_back(variant.name);
    if (file_.variants.empty()) file_.variants.push_back({"", "", {}});
    for (const auto& axis : axes_) {
      std::vector<Variant> finer;
      for (const auto& variant : file_.variants) {
        for (const auto& [name, value] : axis) {
          Variant next = variant;
          const std::string dash = variant.name.empty() ? "" : "-", comma = variant.label.empty() ? "" : ", ";
          next.name += dash + fit_for_file(name + "-" + value);
          next.label += comma + name + " " + value;
          next.settings.emplace_back(name, value);
          finer.push_back(std::move(next));
        }
      }
      if (finer.size() > kMostVariants) throw InputError(path_ + ": grid", "has too many combinations");
      file_.variants = std::move(finer);
    }
    std::set<std::string> names;
    for (const auto& variant : file_.variants) {
      if (!names.insert(variant.name).second) throw InputError(path_, "two variants are named " + variant.name);
    }
  }

  // A baseline of [variants] stands at every combination for itself; one of the grid's names for all.
  void choose_baselines() {
    if (baseline_.empty()) baseline_ = bases_.empty() ? file_.variants[0].name : bases_[0];
    std::vector<std::string> allowed = bases_;
    for (const auto& variant : file_.variants) allowed.push_back(variant.name);
    if (std::find(allowed.begin(), allowed.end(), baseline_) == allowed.end()) {
      const std::string near = nearest(baseline_, allowed);
      throw InputError(baseline_where_, "'" + baseline_ + "' is no variant",
                       near.empty() ? "" : "did you mean '" + near + "'?");
    }
    const auto base = std::find(bases_.begin(), bases_.end(), baseline_);
    const size_t combinations = bases_.empty() ? 0 : file_.variants.size() / bases_.size();
    const size_t first = static_cast<size_t>(base - bases_.begin()) * combinations;  // the baseline's first row
    for (size_t i = 0; i < file_.variants.size(); ++i) {
      file_.variants[i].baseline = base == bases_.end() ? baseline_ : file_.variants[first + i % combinations].name;
    }
  }

  std::string path_;
  ExperimentFile file_;
  std::string baseline_, baseline_where_;
  bool seeds_given_ = false;
  std::set<std::string> varied_;
  std::vector<std::string> bases_;  // names of [variants]
  std::vector<std::vector<Setting>> axes_;
};

}  // namespace

ExperimentFile read_experiment(const std::string& path) { return Reader(path).read(read_toml_file(path)); }

}  // namespace directclr::experiment
