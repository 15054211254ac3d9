#include "directclr/io/torch_file.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/pickle.h"

namespace directclr::io {
namespace {

using array::DType;
using Kind = PickleValue::Kind;
using Coding = ArraySpan::Coding;

// A type of elements, as storages ("torch.FloatStorage") and types of their own ("torch.float32") name it.
struct ElementType {
  std::string_view storage, name;
  DType type;
  Coding coding = Coding::kPlain;
};
constexpr ElementType kElementTypes[] = {{"torch.FloatStorage", "torch.float32", DType::kFloat32},
                                         {"torch.DoubleStorage", "torch.float64", DType::kFloat64},
                                         {"torch.HalfStorage", "torch.float16", DType::kFloat16},
                                         {"torch.BFloat16Storage", "torch.bfloat16", DType::kBFloat16},
                                         {"torch.LongStorage", "torch.int64", DType::kInt64},
                                         {"torch.IntStorage", "torch.int32", DType::kInt32},
                                         {"torch.ShortStorage", "torch.int16", DType::kInt16},
                                         {"torch.CharStorage", "torch.int8", DType::kInt8},
                                         {"torch.ByteStorage", "torch.uint8", DType::kUint8},
                                         {"torch.BoolStorage", "torch.bool", DType::kBool},
                                         {"", "torch.uint16", DType::kUint16},
                                         {"", "torch.uint32", DType::kUint32},
                                         {"", "torch.uint64", DType::kUint64},
                                         {"", "torch.float8_e4m3fn", DType::kFloat16, Coding::kFloat8E4M3},
                                         {"", "torch.float8_e5m2", DType::kFloat16, Coding::kFloat8E5M2}};

// What objects of a class or function are to a reader of tensors.
enum class Role {
  kTensor,      // (storage, offset, shape, strides, ..)
  kTyped,       // (storage, offset, shape, strides, requires_grad, hooks, type, ..)
  kWrapped,     // (tensor, ..)
  kSubclass,    // (function, class, its arguments, ..)
  kDictionary,  // with keys
  kSequence,    // (items)
  kPlain        // holds no tensors
};
struct KnownName {
  std::string_view name;
  Role role;
};
constexpr KnownName kKnownNames[] = {{"torch._utils._rebuild_tensor", Role::kTensor},
                                     {"torch._utils._rebuild_tensor_v2", Role::kTensor},
                                     {"torch._utils._rebuild_tensor_v3", Role::kTyped},
                                     {"torch._utils._rebuild_parameter", Role::kWrapped},
                                     {"torch._utils._rebuild_parameter_with_state", Role::kWrapped},
                                     {"torch._utils._rebuild_device_tensor_from_cpu_tensor", Role::kWrapped},
                                     {"torch._tensor._rebuild_from_type_v2", Role::kSubclass},
                                     {"collections.OrderedDict", Role::kDictionary},
                                     {"collections.defaultdict", Role::kDictionary},
                                     {"collections.Counter", Role::kDictionary},
                                     {"builtins.dict", Role::kDictionary},
                                     {"builtins.list", Role::kSequence},
                                     {"builtins.tuple", Role::kSequence},
                                     {"builtins.set", Role::kSequence},
                                     {"builtins.frozenset", Role::kSequence},
                                     {"__builtin__.set", Role::kSequence},
                                     {"__builtin__.frozenset", Role::kSequence},
                                     {"collections.deque", Role::kSequence},
                                     {"torch.Size", Role::kSequence},
                                     {"torch.device", Role::kPlain},
                                     {"torch.serialization._get_layout", Role::kPlain},
                                     {"builtins.bytearray", Role::kPlain},
                                     {"__builtin__.bytearray", Role::kPlain},
                                     {"__builtin__.bytes", Role::kPlain},
                                     {"builtins.complex", Role::kPlain},
                                     {"__builtin__.complex", Role::kPlain},
                                     {"_codecs.encode", Role::kPlain},
                                     {"numpy.core.multiarray.scalar", Role::kPlain},
                                     {"numpy._core.multiarray.scalar", Role::kPlain},
                                     {"numpy.dtype", Role::kPlain}};

// Tensors that are not arrays of numbers, and what people call them.
struct OtherTensor {
  std::string_view name, what;
};
constexpr OtherTensor kOtherTensors[] = {{"torch._utils._rebuild_qtensor", "a quantized tensor"},
                                         {"torch._utils._rebuild_sparse_tensor", "a sparse tensor"},
                                         {"torch._utils._rebuild_sparse_csr_tensor", "a sparse tensor"},
                                         {"torch._utils._rebuild_nested_tensor", "a nested tensor"},
                                         {"torch._utils._rebuild_meta_tensor_no_storage", "a tensor without data"},
                                         {"numpy.core.multiarray._reconstruct", "an array of NumPy in a pickle"},
                                         {"numpy._core.multiarray._reconstruct", "an array of NumPy in a pickle"}};

template <class Entry, size_t n>
const Entry* entry_named(const Entry (&table)[n], std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const Entry& e) { return e.name == name; });
  return found == std::end(table) ? nullptr : found;
}

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
    if (depth > 64 || work_ > most_work_) throw InputError(path_, "the containers in it are nested without end");
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
  [[noreturn]] void damaged() const { throw InputError(path_, "the pickle in it is damaged"); }

  static std::string below(const std::string& name) { return name.empty() ? "" : name + "."; }

  void visit_sequence(const std::vector<PickleValue*>& items, const std::string& name, int depth) {
    const size_t before = index.arrays.size();
    for (size_t i = 0; i < items.size(); ++i) visit(*items[i], below(name) + std::to_string(i), depth + 1);
    if (index.arrays.size() > before) index.lists.push_back(name);
  }

  void visit_dictionary(const std::vector<PickleValue*>& items, const std::string& name, int depth) {
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (items[i]->kind == Kind::kText && items[i]->text.size() > kLongestName) damaged();
      visit(*items[i + 1], below(name) + text_of(*items[i]), depth + 1);
    }
  }

  void visit_object(PickleValue& object, const std::string& name, int depth) {
    const auto* known = entry_named(kKnownNames, object.text);
    const auto& arguments = arguments_of(object);
    if (!known) return pass_over(object, name);
    switch (known->role) {
      case Role::kTensor:
      case Role::kTyped: return add(object, known->role, name);
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
    index.others.push_back({name, std::string(type) + ", a kind of tensor", true});
  }

  void pass_over(PickleValue& object, const std::string& name) {
    if (const auto* other = entry_named(kOtherTensors, object.text)) {
      index.others.push_back({name, std::string(other->what), object.text.starts_with("numpy.")});
      return;
    }
    const bool tensors = holds_tensors(object);
    index.others.push_back(
        {name, std::string(object.text.substr(0, 200)) + (tensors ? ", whose code the tensors in it depend on" : ""),
         true});
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
    const auto* type = std::find_if(std::begin(kElementTypes), std::end(kElementTypes), [&](const ElementType& e) {
      return (role == Role::kTyped ? e.name : e.storage) == type_name;
    });
    const bool is_view = parts.size() > own + (role == Role::kTyped ? 0 : 2) && is_conjugate(*parts.back());
    if (type == std::end(kElementTypes) || type_name.empty() || is_view) {
      std::string what(type_name.substr(0, 100));
      if (is_view) what = "a view of complex numbers, " + what;
      index.others.push_back({name, what + " " + shape_text(span.shape)});
      return;
    }
    span.type = type->type;
    span.coding = type->coding;
    place(span, *id->items[2], static_cast<uint64_t>(parts[1]->integer), name);
    index.arrays.emplace_back(name, std::move(span));
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
