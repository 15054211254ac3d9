#include "directclr/io/torch_file.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/pickle.h"
#include "directclr/io/torch_names.h"

namespace directclr::io {
namespace {

using Kind = PickleValue::Kind;

constexpr const char* kTensorsAlone =
    "save tensors alone: torch.save(tensor, ...) or torch.save(model.state_dict(), ...)";

std::string text_of(const PickleValue& key) {
  switch (key.kind) {
    case Kind::kText:
    case Kind::kName: return std::string(key.text);
    case Kind::kInteger: return std::to_string(key.integer);
    case Kind::kReal: return format_number(key.real);
    case Kind::kSequence: {
      std::vector<std::string> words;
      for (const auto* item : key.items) {
        words.push_back(item->kind == Kind::kSequence ? std::string("..") : text_of(*item));
        if (words.size() > 8) break;
      }
      return "(" + join(words) + ")";
    }
    default: return key.kind == Kind::kNothing ? "None" : "?";
  }
}

class Collector {
 public:
  Collector(const std::filesystem::path& path, const std::map<std::string, ZipEntry>& archive, std::string root,
            const Pickle& pickle)
      : path_(path.string()),
        archive_(archive),
        root_(std::move(root)),
        most_work_(kWorkAtLeast + 4 * uint64_t{pickle.size()}) {
    index.container = "a file of torch.save";
  }

  void visit(PickleValue& value, const std::string& name, int depth) {
    // A few bytes of a pickle can describe containers that contain one another without end.
    work_ += 1 + name.size();
    if (depth > 64 || work_ > most_work_) endless();
    if (value.kind == Kind::kSequence) {
      visit_sequence(value.items, name, depth);
    } else if (value.kind == Kind::kDictionary) {
      visit_dictionary(value.items, name, depth);
    } else if (value.kind == Kind::kObject) {
      visit_object(value, name, depth);
    }
  }

  ArrayIndex index;

 private:
  [[noreturn]] void endless() const { throw InputError(path_, "the containers in it are nested without end"); }
  [[noreturn]] void damaged() const { throw InputError(path_, "the pickle in it is damaged"); }

  static std::string below(const std::string& name) { return name.empty() ? "" : name + "."; }

  void visit_sequence(const std::vector<PickleValue*>& items, const std::string& name, int depth) {
    if (std::vector<int64_t> shape; are_numbers(items, depth, 0, shape)) return name_numbers(items, shape, name);
    const size_t before = index.arrays.size();
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string key = std::to_string(i);
      keys_.push_back(key);
      visit(*items[i], below(name) + key, depth + 1);
      keys_.pop_back();
    }
    if (index.arrays.size() > before) index.lists.push_back(name);
  }

  // Whether lists hold numbers alone, as many in each: their `shape`, from its place `axis` on.
  bool are_numbers(const std::vector<PickleValue*>& items, int depth, size_t axis, std::vector<int64_t>& shape) {
    work_ += items.size();
    if (depth > 64 || work_ > most_work_) endless();
    if (axis == shape.size()) shape.push_back(std::ssize(items));
    if (items.empty() || std::ssize(items) != shape[axis]) return false;
    const bool inner = items[0]->kind == Kind::kSequence;
    return std::ranges::all_of(items, [&](const PickleValue* item) {
      if (inner) return item->kind == Kind::kSequence && are_numbers(item->items, depth + 1, axis + 1, shape);
      return axis + 1 == shape.size() && (item->kind == Kind::kReal || item->kind == Kind::kInteger);
    });
  }

  // A matrix, or many fractions, that somebody may take for one; not the two settings of an optimiser.
  void name_numbers(const std::vector<PickleValue*>& items, const std::vector<int64_t>& shape,
                    const std::string& name) {
    constexpr int64_t kMany = 8;
    const bool many = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>()) >= kMany;
    const bool fractions = std::ranges::any_of(items, [](const auto* item) { return item->kind == Kind::kReal; });
    if (!many || (shape.size() == 1 && !fractions)) return;
    index.others.push_back({name, (shape.size() == 1 ? "a list of numbers " : "lists of numbers ") + shape_text(shape),
                            "save it as a tensor: torch.tensor(list)"});
  }

  void visit_dictionary(const std::vector<PickleValue*>& items, const std::string& name, int depth) {
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (items[i]->kind == Kind::kText && items[i]->text.size() > kLongestName) damaged();
      const std::string key = text_of(*items[i]);
      keys_.push_back(key);
      visit(*items[i + 1], below(name) + key, depth + 1);
      keys_.pop_back();
    }
  }

  void visit_object(PickleValue& object, const std::string& name, int depth) {
    const auto role = role_of(object.text);
    const auto& arguments = arguments_of(object);
    if (!role) return pass_over(object, name);
    switch (*role) {
      case Role::kTensor:
      case Role::kTyped: return add(object, *role, name);
      case Role::kWrapped:
        if (arguments.empty()) damaged();
        return visit(*arguments[0], name, depth + 1);
      case Role::kSubclass: return visit_subclass(arguments, name, depth);
      case Role::kDictionary:
        // Python 2 gave pairs to the constructor.
        if (!arguments.empty() && arguments[0]->kind == Kind::kSequence) {
          for (const auto* pair : arguments[0]->items) {
            if (pair->kind == Kind::kSequence && pair->items.size() == 2) visit_dictionary(pair->items, name, depth);
          }
        } else if (!arguments.empty()) {
          visit(*arguments[0], name, depth + 1);
        }
        return visit_dictionary(object.items, name, depth);
      case Role::kSequence:
        if (!arguments.empty()) visit(*arguments[0], name, depth + 1);
        if (!object.items.empty()) visit_sequence(object.items, name, depth);
        return;
      case Role::kPlain: return;
    }
  }

  const std::vector<PickleValue*>& arguments_of(const PickleValue& object) const {
    if (!object.arguments || object.arguments->kind != Kind::kSequence) damaged();
    return object.arguments->items;
  }

  // A tensor with attributes of its own, or of a class made of torch.Tensor: only the class knows what it means then.
  void visit_subclass(const std::vector<PickleValue*>& arguments, const std::string& name, int depth) {
    if (arguments.size() < 3 || arguments[2]->kind != Kind::kSequence) damaged();
    PickleValue inner;
    inner.kind = Kind::kObject;
    inner.text = arguments[0]->text;
    inner.arguments = arguments[2];
    const std::string_view type = arguments[1]->text;
    if (type == "torch.Tensor" || type == "torch.nn.parameter.Parameter" || type == "torch.nn.parameter.Buffer") {
      return visit(inner, name, depth + 1);
    }
    index.others.push_back({name, std::string(type) + ", a kind of tensor", kTensorsAlone, true});
  }

  void pass_over(PickleValue& object, const std::string& name) {
    if (const auto* other = other_tensor(object.text)) {
      index.others.push_back(
          {name, std::string(other->what), std::string(other->hint), object.text.starts_with("numpy.")});
      return;
    }
    const bool tensors = holds_tensors(object);
    index.others.push_back(
        {name, std::string(object.text.substr(0, 200)) + (tensors ? ", whose code the tensors in it depend on" : ""),
         kTensorsAlone, true});
  }

  // Each value is looked at once, whatever it is part of.
  static bool holds_tensors(PickleValue& object) {
    std::vector<PickleValue*> left = {&object};
    bool found = false;
    while (!left.empty()) {
      PickleValue* const value = left.back();
      left.pop_back();
      if (!value || value->seen) continue;
      value->seen = true;
      found = found || value->kind == Kind::kPersistent;
      left.insert(left.end(), value->items.begin(), value->items.end());
      left.push_back(value->arguments);
      left.push_back(value->state);
    }
    return found;
  }

  std::vector<int64_t> sizes(const PickleValue& value) const {
    const PickleValue* list = &value;
    if (list->kind == Kind::kObject && list->text == "torch.Size") {
      if (arguments_of(*list).size() != 1) damaged();
      list = list->arguments->items[0];
    }
    if (list->kind != Kind::kSequence) damaged();
    std::vector<int64_t> result;
    for (const auto* item : list->items) {
      if (item->kind != Kind::kInteger || item->integer < 0) damaged();
      result.push_back(item->integer);
    }
    return result;
  }

  void add(const PickleValue& object, Role role, const std::string& name) {
    const auto& parts = arguments_of(object);
    const size_t own = role == Role::kTyped ? 7 : 4;
    if (parts.size() < own || parts[0]->kind != Kind::kPersistent || parts[1]->kind != Kind::kInteger ||
        parts[1]->integer < 0) {
      damaged();
    }
    ArraySpan span;
    span.shape = sizes(*parts[2]);
    span.strides = sizes(*parts[3]);
    if (span.shape.size() != span.strides.size()) damaged();
    // ("storage", type, key, device, elements)
    const PickleValue* id = parts[0]->arguments;
    if (id->kind != Kind::kSequence || id->items.size() < 5 || id->items[0]->text != "storage") damaged();
    const std::string_view type_name = role == Role::kTyped ? parts[6]->text : id->items[1]->text;
    const auto* type = role == Role::kTyped ? element_type(type_name) : element_type_of_storage(type_name);
    const bool is_view = parts.size() > own + (role == Role::kTyped ? 0 : 2) && is_conjugate(*parts.back());
    if (!type || is_view) {
      const std::string what = name_of_type(type_name);
      const bool complex = is_view || what.starts_with("complex");
      index.others.push_back({name,
                              (is_view ? "a view of complex numbers, " : "") + what + " " + shape_text(span.shape),
                              complex ? "save real and imaginary parts: torch.view_as_real(tensor.resolve_conj())"
                                        ".flatten(1)"
                                      : "save it as tensor.float()"});
      return;
    }
    span.type = type->type;
    span.coding = type->coding;
    place(span, *id->items[2], static_cast<uint64_t>(parts[1]->integer), name);
    index.arrays.emplace_back(name, std::move(span));
    if (keys_.size() > 1) index.keys[name] = keys_;
  }

  // What comes last may say that signs or imaginary parts are to be turned: {"conj": True}.
  static bool is_conjugate(const PickleValue& metadata) {
    if (metadata.kind != Kind::kDictionary) return false;
    for (size_t i = 0; i + 1 < metadata.items.size(); i += 2) {
      const auto text = metadata.items[i]->text;
      if ((text == "conj" || text == "neg") && metadata.items[i + 1]->integer != 0) return true;
    }
    return false;
  }

  void place(ArraySpan& span, const PickleValue& key, uint64_t offset, const std::string& name) {
    const auto entry = archive_.find(root_ + "/data/" + text_of(key));
    if (entry == archive_.end() || !entry->second.stored) {
      throw InputError(path_, "the data of '" + name + "' are missing");
    }
    const uint64_t size = span.stored_size(), held = entry->second.size / size;
    const auto extent = span.extent();
    if (!extent || offset > held || *extent / size > held - offset) {
      throw InputError(path_, "'" + name + "' is larger than the data that the file has for it");
    }
    // A tensor may repeat the elements that it has, as torch.Tensor.expand does, but not without end.
    constexpr uint64_t kMostRepeated = uint64_t{1} << 30;
    if (span.bytes().value() > kMostRepeated && span.bytes().value() / 2 > entry->second.size) {
      throw InputError(path_, "'" + name + "' repeats its elements: " + span.describe() + " of " +
                                  std::to_string(held) + " numbers");
    }
    span.offset = entry->second.offset + offset * size;
  }

  static constexpr uint64_t kWorkAtLeast = 1 << 22;
  static constexpr size_t kLongestName = 4096;
  std::string path_;
  const std::map<std::string, ZipEntry>& archive_;
  std::string root_;
  uint64_t most_work_, work_ = 0;
  std::vector<std::string> keys_;  // on the way to what is visited
};

// The entry "ROOT/data.pkl", or null.
const std::pair<const std::string, ZipEntry>* pickle_of(const std::map<std::string, ZipEntry>& archive) {
  const auto found =
      std::find_if(archive.begin(), archive.end(), [](const auto& item) { return item.first.ends_with("/data.pkl"); });
  return found == archive.end() ? nullptr : &*found;
}

}  // namespace

bool is_torch_archive(const std::map<std::string, ZipEntry>& archive) { return pickle_of(archive) != nullptr; }

ArrayIndex read_torch_index(const std::filesystem::path& path, const std::map<std::string, ZipEntry>& archive) {
  const std::string name = path.string();
  const auto* found = pickle_of(archive);
  if (!found) throw InputError(name, "is no file of torch.save: it has no data.pkl");
  const ZipEntry& entry = found->second;
  const std::string root = found->first.substr(0, found->first.size() - 9);
  if (archive.contains(root + "/constants.pkl")) {
    throw InputError(name, "is a program of TorchScript, not tensors",
                     "save them alone: torch.save(torch.jit.load(f).state_dict(), ...)");
  }
  if (const auto order = archive.find(root + "/byteorder"); order != archive.end()) {
    if (read_range(path, order->second.offset, order->second.size) != "little") {
      throw InputError(name, "was written on a big-endian machine, which is not supported");
    }
  }
  if (!entry.stored) throw InputError(name, "its pickle is compressed, which torch.save does not do");
  Pickle pickle(read_range(path, entry.offset, entry.size), name);
  Collector collector(path, archive, root, pickle);
  collector.visit(pickle.root(), "", 0);
  return std::move(collector.index);
}

}  // namespace directclr::io
