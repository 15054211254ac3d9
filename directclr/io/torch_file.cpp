#include "directclr/io/torch_file.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <optional>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/zip_index.h"

namespace directclr::io {
namespace {

using array::DType;

// A value of the pickle. Containers are shared, as in Python: the memo may hold one while it is being filled, even
// inside itself. All values belong to the Unpickler.
struct Value;
using ValuePointer = Value*;
struct Value {
  enum class Kind { kNothing, kMark, kNumber, kText, kList, kDictionary, kGlobal, kStorage, kTensor };
  explicit Value(Kind what) : kind(what) {}
  Kind kind;
  int64_t number = 0;               // integers and truth values; other numbers are 0: no tensor depends on one
  std::string text;                 // text, or "module.name" of a global; of a storage its key
  std::vector<ValuePointer> items;  // list and tuple; dictionary: key, value, key, value
  DType type = DType::kFloat32;     // storage and tensor
  int64_t offset = 0;               // tensor: first element in the storage
  std::vector<int64_t> shape, strides;
};
using Kind = Value::Kind;

const std::map<std::string, DType>& storage_types() {
  static const std::map<std::string, DType> types = {
      {"torch.FloatStorage", DType::kFloat32}, {"torch.DoubleStorage", DType::kFloat64},
      {"torch.HalfStorage", DType::kFloat16},  {"torch.BFloat16Storage", DType::kBFloat16},
      {"torch.LongStorage", DType::kInt64},    {"torch.IntStorage", DType::kInt32},
      {"torch.ShortStorage", DType::kInt16},   {"torch.CharStorage", DType::kInt8},
      {"torch.ByteStorage", DType::kUint8},    {"torch.BoolStorage", DType::kBool}};
  return types;
}

// The machine that a pickle is a program for, with every instruction left out that makes objects.
class Unpickler {
 public:
  Unpickler(std::string program, std::string path) : program_(std::move(program)), path_(std::move(path)) {}

  ValuePointer run() {
    while (true) {
      const auto code = static_cast<uint8_t>(take(1)[0]);
      if (code == '.') return pop();
      step(code);
    }
  }

 private:
  [[noreturn]] void damaged() const { throw InputError(path_, "the pickle in it is damaged"); }

  std::string take(uint64_t count) {
    if (count > program_.size() - at_) damaged();
    const std::string bytes = program_.substr(at_, count);
    at_ += count;
    return bytes;
  }
  template <class T>
  T take_number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string take_line() {
    const size_t end = program_.find('\n', at_);
    if (end == std::string::npos) damaged();
    std::string line = program_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  ValuePointer pop() {
    if (stack_.empty()) damaged();
    ValuePointer value = stack_.back();
    stack_.pop_back();
    return value;
  }
  ValuePointer top() const {
    if (stack_.empty()) damaged();
    return stack_.back();
  }
  // What was pushed since the last mark; the mark goes too.
  std::vector<ValuePointer> pop_to_mark() {
    std::vector<ValuePointer> values;
    for (ValuePointer value = pop(); value->kind != Kind::kMark; value = pop()) values.push_back(value);
    std::reverse(values.begin(), values.end());
    return values;
  }
  // A new value on the stack, to be filled in.
  Value& push(Kind kind) {
    stack_.push_back(&values_.emplace_back(kind));
    return *stack_.back();
  }
  void push_number(int64_t number) { push(Kind::kNumber).number = number; }
  void push_list(std::vector<ValuePointer> items) { push(Kind::kList).items = std::move(items); }
  void push_text(std::string text) { push(Kind::kText).text = std::move(text); }
  void remember(uint64_t place) { memo_[place] = top(); }
  void recall(uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) damaged();
    stack_.push_back(found->second);
  }
  void extend(const std::vector<ValuePointer>& items, Kind kind) {
    const ValuePointer container = top();
    if (container->kind != kind || (kind == Kind::kDictionary && items.size() % 2 != 0)) damaged();
    container->items.insert(container->items.end(), items.begin(), items.end());
  }
  std::vector<ValuePointer> pop_last(size_t count) {
    std::vector<ValuePointer> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  void step(uint8_t code) {
    switch (code) {
      case 0x80: take(1); break;                              // PROTO
      case 0x95: take(8); break;                              // FRAME
      case '(': push(Kind::kMark); break;                     // MARK
      case '0': pop(); break;                                 // POP
      case '1': pop_to_mark(); break;                         // POP_MARK
      case 'N': push(Kind::kNothing); break;                  // NONE
      case 0x88: push_number(1); break;                       // NEWTRUE
      case 0x89: push_number(0); break;                       // NEWFALSE
      case 'J': push_number(take_number<int32_t>()); break;   // BININT
      case 'K': push_number(take_number<uint8_t>()); break;   // BININT1
      case 'M': push_number(take_number<uint16_t>()); break;  // BININT2
      case 0x8a: push_number(long_number()); break;           // LONG1
      case 'G':
        take(8);
        push_number(0);
        break;                                                     // BINFLOAT
      case 'X': push_text(take(take_number<uint32_t>())); break;   // BINUNICODE
      case 0x8c: push_text(take(take_number<uint8_t>())); break;   // SHORT_BINUNICODE
      case 0x8d: push_text(take(take_number<uint64_t>())); break;  // BINUNICODE8
      case 'U': push_text(take(take_number<uint8_t>())); break;    // SHORT_BINSTRING
      case 'C': push_text(take(take_number<uint8_t>())); break;    // SHORT_BINBYTES
      case 'B': push_text(take(take_number<uint32_t>())); break;   // BINBYTES
      case ')': push_list({}); break;                              // EMPTY_TUPLE
      case ']': push_list({}); break;                              // EMPTY_LIST
      case '}': push(Kind::kDictionary); break;                    // EMPTY_DICT
      case 't':
      case 'l': push_list(pop_to_mark()); break;                  // TUPLE, LIST
      case 0x85: push_list(pop_last(1)); break;                   // TUPLE1
      case 0x86: push_list(pop_last(2)); break;                   // TUPLE2
      case 0x87: push_list(pop_last(3)); break;                   // TUPLE3
      case 'q': remember(take_number<uint8_t>()); break;          // BINPUT
      case 'r': remember(take_number<uint32_t>()); break;         // LONG_BINPUT
      case 0x94: remember(memo_.size()); break;                   // MEMOIZE
      case 'h': recall(take_number<uint8_t>()); break;            // BINGET
      case 'j': recall(take_number<uint32_t>()); break;           // LONG_BINGET
      case 'a': extend_with_popped(1, Kind::kList); break;        // APPEND
      case 'e': extend_to_mark(Kind::kList); break;               // APPENDS
      case 's': extend_with_popped(2, Kind::kDictionary); break;  // SETITEM
      case 'u': extend_to_mark(Kind::kDictionary); break;         // SETITEMS
      case 'b': pop(); break;                                     // BUILD: attributes of a container, not needed
      case 'c': take_global(); break;                             // GLOBAL
      case 0x93: stack_global(); break;                           // STACK_GLOBAL
      case 'Q': push_storage(); break;                            // BINPERSID
      case 'R': reduce(); break;                                  // REDUCE
      default:
        throw InputError(path_, format("its pickle uses an instruction (0x%02x) that tensors do not need", code));
    }
  }

  void extend_with_popped(size_t count, Kind kind) {
    const auto items = pop_last(count);
    extend(items, kind);
  }
  void extend_to_mark(Kind kind) {
    const auto items = pop_to_mark();
    extend(items, kind);
  }

  int64_t long_number() {
    const std::string bytes = take(take_number<uint8_t>());
    if (bytes.size() > 8) return 0;  // too large for any size or place
    uint64_t value = !bytes.empty() && (static_cast<uint8_t>(bytes.back()) & 0x80) ? ~uint64_t{0} : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return static_cast<int64_t>(value);
  }

  void take_global() {
    const std::string module = take_line();
    push_global(module, take_line());
  }
  void stack_global() {
    const ValuePointer name = pop(), module = pop();
    if (name->kind != Kind::kText || module->kind != Kind::kText) damaged();
    push_global(module->text, name->text);
  }

  // A name alone is harmless: what may be made of it is decided in reduce().
  void push_global(const std::string& module, const std::string& name) {
    push(Kind::kGlobal).text = module + "." + name;
  }

  // ("storage", type, key, device, elements)
  void push_storage() {
    const ValuePointer id = pop();
    if (id->kind != Kind::kList || id->items.size() < 5 || id->items[0]->text != "storage") damaged();
    const auto type = storage_types().find(id->items[1]->text);
    if (type == storage_types().end()) {
      throw InputError(path_, "holds a storage of type " + id->items[1]->text + ", which is not supported");
    }
    Value& value = push(Kind::kStorage);
    value.text = id->items[2]->text;
    value.type = type->second;
  }

  void reduce() {
    const ValuePointer arguments = pop(), callee = pop();
    if (callee->kind != Kind::kGlobal || arguments->kind != Kind::kList) damaged();
    const auto& items = arguments->items;
    const std::string& name = callee->text;
    if (name == "collections.OrderedDict" && items.empty()) {
      push(Kind::kDictionary);
    } else if (name == "torch._utils._rebuild_tensor_v2" && items.size() >= 4) {
      push_tensor(items);
    } else if (name == "torch._utils._rebuild_parameter" && !items.empty() && items[0]->kind == Kind::kTensor) {
      stack_.push_back(items[0]);
    } else if (name == "torch.Size" && items.size() == 1 && items[0]->kind == Kind::kList) {
      stack_.push_back(items[0]);
    } else {
      throw InputError(path_, "would run " + name + " when opened: only tensors in plain containers are read",
                       "save the tensor or state_dict alone: torch.save(model.state_dict(), ...)");
    }
  }

  // (storage, offset, size, stride, ...)
  void push_tensor(const std::vector<ValuePointer>& items) {
    if (items[0]->kind != Kind::kStorage || items[1]->kind != Kind::kNumber) damaged();
    Value& value = push(Kind::kTensor);
    value.text = items[0]->text;
    value.type = items[0]->type;
    value.offset = items[1]->number;
    const auto numbers = [&](const Value& list) {
      std::vector<int64_t> result;
      if (list.kind != Kind::kList) damaged();
      for (const auto& item : list.items) {
        if (item->kind != Kind::kNumber || item->number < 0) damaged();
        result.push_back(item->number);
      }
      return result;
    };
    value.shape = numbers(*items[2]);
    value.strides = numbers(*items[3]);
    if (value.offset < 0 || value.shape.size() != value.strides.size()) damaged();
  }

  std::string program_;
  std::string path_;
  size_t at_ = 0;
  std::deque<Value> values_;
  std::vector<ValuePointer> stack_;
  std::map<uint64_t, ValuePointer> memo_;
};

// Elements of a contiguous tensor; nothing when it is not contiguous or larger than any file.
std::optional<uint64_t> contiguous_elements(const Value& tensor) {
  if (!ArraySpan{tensor.type, tensor.shape}.bytes()) return std::nullopt;
  uint64_t count = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    const auto extent = static_cast<uint64_t>(tensor.shape[i]);
    if (extent > 1 && static_cast<uint64_t>(tensor.strides[i]) != count) return std::nullopt;
    count *= extent;
  }
  return count;
}

class Collector {
 public:
  Collector(const std::map<std::string, ZipEntry>& archive, std::string root, const std::string& path)
      : archive_(archive), root_(std::move(root)), path_(path) {}

  void visit(const Value& value, const std::string& name, int depth) {
    // A few bytes of pickle can describe containers that contain one another without end.
    constexpr size_t kMostValues = 10'000'000;
    if (depth > 64 || ++visited_ > kMostValues) throw InputError(path_, "the containers in it are nested without end");
    const std::string below = name.empty() ? "" : name + ".";
    if (value.kind == Kind::kTensor) {
      add(value, name);
    } else if (value.kind == Kind::kList) {
      for (size_t i = 0; i < value.items.size(); ++i) visit(*value.items[i], below + std::to_string(i), depth + 1);
    } else if (value.kind == Kind::kDictionary) {
      for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const Value& key = *value.items[i];
        visit(*value.items[i + 1], below + (key.kind == Kind::kText ? key.text : std::to_string(key.number)),
              depth + 1);
      }
    }
  }

  std::vector<std::pair<std::string, ArraySpan>> found;

 private:
  void add(const Value& tensor, const std::string& name) {
    const auto elements = contiguous_elements(tensor);
    if (!elements || tensor.type == DType::kBool) return;
    const auto entry = archive_.find(root_ + "/data/" + tensor.text);
    if (entry == archive_.end() || !entry->second.stored)
      throw InputError(path_, "the data of '" + name + "' are missing");
    const auto size = static_cast<uint64_t>(array::size_of(tensor.type));
    const uint64_t held = entry->second.size / size;
    const auto offset = static_cast<uint64_t>(tensor.offset);
    if (offset > held || *elements > held - offset) {
      throw InputError(path_, "'" + name + "' is larger than the data that the file has for it");
    }
    found.emplace_back(name, ArraySpan{tensor.type, tensor.shape, entry->second.offset + offset * size});
  }

  const std::map<std::string, ZipEntry>& archive_;
  std::string root_;
  const std::string& path_;
  size_t visited_ = 0;
};

}  // namespace

std::vector<std::pair<std::string, ArraySpan>> read_torch_index(const std::filesystem::path& path) {
  const std::string name = path.string();
  if (size_of_file(path) >= 2 && read_range(path, 0, 2) != "PK") {
    throw InputError(name, "is no file of torch.save, or one of before PyTorch 1.6",
                     "save it again with a newer PyTorch");
  }
  const auto archive = read_zip_index(path);
  for (const auto& [entry_name, entry] : archive) {
    if (!entry_name.ends_with("/data.pkl")) continue;
    const std::string root = entry_name.substr(0, entry_name.size() - 9);
    if (const auto order = archive.find(root + "/byteorder"); order != archive.end()) {
      if (read_range(path, order->second.offset, order->second.size) != "little") {
        throw InputError(name, "was written on a big-endian machine, which is not supported");
      }
    }
    if (!entry.stored) throw InputError(name, "its pickle is compressed, which torch.save does not do");
    Unpickler unpickler(read_range(path, entry.offset, entry.size), name);
    Collector collector(archive, root, name);
    collector.visit(*unpickler.run(), "", 0);
    return std::move(collector.found);
  }
  throw InputError(name, "is no file of torch.save: it has no data.pkl");
}

}  // namespace directclr::io
