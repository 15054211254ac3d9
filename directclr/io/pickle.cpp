#include "directclr/io/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

using Kind = PickleValue::Kind;
using Pointer = PickleValue*;

// What no file of arrays calls: modules that reach out of Python, and functions that run code given as text.
constexpr std::string_view kReachOut[] = {"os",     "posix",  "nt",      "subprocess", "sys",       "shutil",
                                          "socket", "runpy",  "pty",     "ctypes",     "importlib", "popen2",
                                          "urllib", "pickle", "_pickle", "webbrowser", "cPickle",   "requests"};
constexpr std::string_view kRunText[] = {"eval", "exec", "execfile", "compile", "open", "__import__", "input", "apply"};

bool reaches_out(std::string_view name) {
  const std::string_view module = name.substr(0, name.find('.'));
  if (module == "builtins" || module == "__builtin__")
    return std::ranges::find(kRunText, name.substr(module.size() + 1)) != std::end(kRunText);
  return std::ranges::find(kReachOut, module) != std::end(kReachOut);
}

}  // namespace

// The machine that a pickle is a program for, with every instruction left out that makes objects.
class Pickle::Machine {
 public:
  explicit Machine(Pickle& pickle) : pickle_(pickle), program_(pickle.program_) {
    nothing_.kind = Kind::kNothing;
    mark_.kind = Kind::kMark;
  }

  Pointer run() {
    while (true) {
      const auto code = static_cast<uint8_t>(take(1)[0]);
      if (code == '.') return pop();
      step(code);
    }
  }

 private:
  [[noreturn]] void damaged() const { throw InputError(pickle_.path_, "the pickle in it is damaged"); }

  std::string_view take(uint64_t count) {
    if (count > program_.size() - at_) damaged();
    const std::string_view bytes = program_.substr(at_, count);
    at_ += count;
    return bytes;
  }
  template <class T>
  T take_number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view take_line() {
    const size_t end = program_.find('\n', at_);
    if (end == std::string_view::npos) damaged();
    const std::string_view line = take(end - at_);
    ++at_;
    return line;
  }
  int64_t take_place() {
    int64_t place = 0;
    if (!parse_int(take_line(), place) || place < 0) damaged();
    return place;
  }

  Pointer pop() {
    if (stack_.empty()) damaged();
    const Pointer value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Pointer top() const {
    if (stack_.empty()) damaged();
    return stack_.back();
  }
  // What was pushed since the last mark; the mark goes too.
  std::vector<Pointer> pop_to_mark() {
    const auto mark = std::find(stack_.rbegin(), stack_.rend(), &mark_);
    if (mark == stack_.rend()) damaged();
    std::vector<Pointer> values(mark.base(), stack_.end());
    stack_.erase(std::prev(mark.base()), stack_.end());
    return values;
  }
  std::vector<Pointer> pop_last(size_t count) {
    if (stack_.size() < count) damaged();
    std::vector<Pointer> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  // A new value on the stack, to be filled in.
  PickleValue& push(Kind kind) {
    // Some hundred bytes each: as many as a million tensors are made of.
    constexpr size_t kMostValues = 16'000'000;
    if (pickle_.values_.size() >= kMostValues) throw InputError(pickle_.path_, "the pickle in it is too large");
    PickleValue& value = pickle_.values_.emplace_back();
    value.kind = kind;
    stack_.push_back(&value);
    return value;
  }
  void push_integer(int64_t integer) { push(Kind::kInteger).integer = integer; }
  void push_real(double real) { push(Kind::kReal).real = real; }
  void push_text(std::string_view text) { push(Kind::kText).text = text; }
  void push_items(Kind kind, std::vector<Pointer> items) { push(kind).items = std::move(items); }
  void remember(uint64_t place) {
    if (place >= program_.size()) damaged();  // places are counted
    if (place >= memo_.size()) memo_.resize(place + 1, nullptr);
    memo_[place] = top();
    remembered_ = std::max<uint64_t>(remembered_, place + 1);
  }
  void recall(uint64_t place) {
    if (place >= memo_.size() || !memo_[place]) damaged();
    stack_.push_back(memo_[place]);
  }
  void extend(const std::vector<Pointer>& items) {
    const Pointer container = top();
    if (container->kind != Kind::kSequence && container->kind != Kind::kDictionary && container->kind != Kind::kObject)
      damaged();
    if (container->kind == Kind::kDictionary && items.size() % 2 != 0) damaged();
    container->items.insert(container->items.end(), items.begin(), items.end());
  }

  void step(uint8_t code) {
    switch (code) {
      case 0x80: take(1); break;                                            // PROTO
      case 0x95: take(8); break;                                            // FRAME
      case '(': stack_.push_back(&mark_); break;                            // MARK
      case '0': pop(); break;                                               // POP
      case '1': pop_to_mark(); break;                                       // POP_MARK
      case '2': stack_.push_back(top()); break;                             // DUP
      case 'N': stack_.push_back(&nothing_); break;                         // NONE
      case 0x88: push_integer(1); break;                                    // NEWTRUE
      case 0x89: push_integer(0); break;                                    // NEWFALSE
      case 'J': push_integer(take_number<int32_t>()); break;                // BININT
      case 'K': push_integer(take_number<uint8_t>()); break;                // BININT1
      case 'M': push_integer(take_number<uint16_t>()); break;               // BININT2
      case 0x8a: push_long(take(take_number<uint8_t>())); break;            // LONG1
      case 0x8b: push_long(take(take_number<uint32_t>())); break;           // LONG4
      case 'I':                                                             // INT
      case 'L': push_decimal(); break;                                      // LONG
      case 'F': push_real_text(); break;                                    // FLOAT
      case 'G': push_real(big_endian_real()); break;                        // BINFLOAT
      case 'X':                                                             // BINUNICODE
      case 'T':                                                             // BINSTRING
      case 'B': push_text(take(take_number<uint32_t>())); break;            // BINBYTES
      case 0x8c:                                                            // SHORT_BINUNICODE
      case 'U':                                                             // SHORT_BINSTRING
      case 'C': push_text(take(take_number<uint8_t>())); break;             // SHORT_BINBYTES
      case 0x8d:                                                            // BINUNICODE8
      case 0x8e:                                                            // BINBYTES8
      case 0x96: push_text(take(take_number<uint64_t>())); break;           // BYTEARRAY8
      case 'V':                                                             // UNICODE
      case 'S': push_text(take_line()); break;                              // STRING
      case ')':                                                             // EMPTY_TUPLE
      case ']':                                                             // EMPTY_LIST
      case 0x8f: push(Kind::kSequence); break;                              // EMPTY_SET
      case '}': push(Kind::kDictionary); break;                             // EMPTY_DICT
      case 't':                                                             // TUPLE
      case 'l':                                                             // LIST
      case 0x91: push_items(Kind::kSequence, pop_to_mark()); break;         // FROZENSET
      case 'd': push_items(Kind::kDictionary, even(pop_to_mark())); break;  // DICT
      case 0x85: push_items(Kind::kSequence, pop_last(1)); break;           // TUPLE1
      case 0x86: push_items(Kind::kSequence, pop_last(2)); break;           // TUPLE2
      case 0x87: push_items(Kind::kSequence, pop_last(3)); break;           // TUPLE3
      case 'q': remember(take_number<uint8_t>()); break;                    // BINPUT
      case 'r': remember(take_number<uint32_t>()); break;                   // LONG_BINPUT
      case 'p': remember(static_cast<uint64_t>(take_place())); break;       // PUT
      case 0x94: remember(remembered_); break;                              // MEMOIZE
      case 'h': recall(take_number<uint8_t>()); break;                      // BINGET
      case 'j': recall(take_number<uint32_t>()); break;                     // LONG_BINGET
      case 'g': recall(static_cast<uint64_t>(take_place())); break;         // GET
      case 'a': extend(pop_last(1)); break;                                 // APPEND
      case 's': extend(pop_last(2)); break;                                 // SETITEM
      case 'e':                                                             // APPENDS
      case 'u':                                                             // SETITEMS
      case 0x90: extend(pop_to_mark()); break;                              // ADDITEMS
      case 'c': take_name(); break;                                         // GLOBAL
      case 0x93: join_name(); break;                                        // STACK_GLOBAL
      case 'Q': push_persistent(pop()); break;                              // BINPERSID
      case 'R':                                                             // REDUCE
      case 0x81: push_object(pop_last(2)); break;                           // NEWOBJ
      case 0x92: push_object(pop_last(3)); break;                           // NEWOBJ_EX
      case 'o': push_object_of_mark(); break;                               // OBJ
      case 'i': push_object_of_line(); break;                               // INST
      case 'b': set_state(pop()); break;                                    // BUILD
      default:
        throw InputError(pickle_.path_,
                         format("its pickle uses an instruction (0x%02x) that tensors do not need", code));
    }
  }

  std::vector<Pointer> even(std::vector<Pointer> items) const {
    if (items.size() % 2 != 0) damaged();
    return items;
  }

  // Little-endian, with a sign; what is too large for any size or place is -1.
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push_integer(-1);
    uint64_t value = !bytes.empty() && (static_cast<uint8_t>(bytes.back()) & 0x80) ? ~uint64_t{0} : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    push_integer(static_cast<int64_t>(value));
  }
  void push_decimal() {
    std::string_view line = take_line();
    if (line.ends_with('L')) line.remove_suffix(1);
    int64_t value = -1;
    if (!parse_int(line, value)) value = -1;
    push_integer(value);
  }
  void push_real_text() {
    double value = 0;
    if (!parse_double(take_line(), value)) value = 0;
    push_real(value);
  }
  double big_endian_real() {
    uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<uint8_t>(byte);
    return std::bit_cast<double>(bits);
  }

  void push_name(std::string_view module, std::string_view name) {
    pickle_.names_.push_back(std::string(module) + "." + std::string(name));
    push(Kind::kName).text = pickle_.names_.back();
  }
  void take_name() {
    const std::string_view module = take_line();
    push_name(module, take_line());
  }
  void join_name() {
    const auto words = pop_last(2);
    if (words[0]->kind != Kind::kText || words[1]->kind != Kind::kText) damaged();
    // A name stands once in a pickle; a longer one only costs memory.
    constexpr size_t kLongest = 1024;
    if (words[0]->text.size() + words[1]->text.size() > kLongest) damaged();
    push_name(words[0]->text, words[1]->text);
  }

  void push_persistent(Pointer id) { push(Kind::kPersistent).arguments = id; }

  // (class or function, arguments[, arguments by name])
  void push_object(const std::vector<Pointer>& parts) {
    std::string_view name = parts[0]->text;
    if (parts[0]->kind != Kind::kName) name = "an object of a class that is made when it is opened";
    if (parts[0]->kind == Kind::kName && reaches_out(name)) {
      throw InputError(pickle_.path_,
                       "would run " + std::string(name) + " when opened in Python: no file of tensors does that",
                       "do you trust it?");
    }
    PickleValue& object = push(Kind::kObject);
    object.text = name;
    object.arguments = parts[1];
    if (parts.size() > 2) object.state = parts[2];
  }
  void push_object_of_mark() {
    auto parts = pop_to_mark();
    if (parts.empty()) damaged();
    const Pointer name = parts[0];
    parts.erase(parts.begin());
    push_items(Kind::kSequence, std::move(parts));
    push_object({name, pop()});
  }
  void push_object_of_line() {
    push_items(Kind::kSequence, pop_to_mark());
    const Pointer arguments = pop();
    take_name();
    push_object({pop(), arguments});
  }
  // Attributes of an object; those of containers are not needed.
  void set_state(Pointer state) {
    const Pointer object = top();
    if (object->kind == Kind::kObject) object->state = state;
  }

  Pickle& pickle_;
  std::string_view program_;
  size_t at_ = 0;
  std::vector<Pointer> stack_;
  std::vector<Pointer> memo_;
  uint64_t remembered_ = 0;
  PickleValue& nothing_ = pickle_.values_.emplace_back();  // of which one is enough
  PickleValue& mark_ = pickle_.values_.emplace_back();
};

Pickle::Pickle(std::string program, std::string path) : program_(std::move(program)), path_(std::move(path)) {
  root_ = Machine(*this).run();
}

}  // namespace directclr::io
