#include "directclr/io/npy.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/span_rows.h"

namespace directclr::io {
namespace {

using array::DType;

struct Type {
  const char* name;  // without the order of bytes
  DType type;
};
constexpr Type kTypes[] = {{"b1", DType::kBool},    {"u1", DType::kUint8},   {"i1", DType::kInt8},
                           {"u2", DType::kUint16},  {"i2", DType::kInt16},   {"u4", DType::kUint32},
                           {"i4", DType::kInt32},   {"u8", DType::kUint64},  {"i8", DType::kInt64},
                           {"f2", DType::kFloat16}, {"f4", DType::kFloat32}, {"f8", DType::kFloat64}};

// What the letter of a type without numbers to measure means.
struct OtherKind {
  char letter;
  const char* what;
  const char* hint = "";
};
constexpr const char* kAsNumbers = "numbers written as text become such: array.astype('float64')";
constexpr OtherKind kOtherKinds[] = {
    {'U', "text", kAsNumbers},
    {'S', "text", kAsNumbers},
    {'a', "text", kAsNumbers},
    {'O', "Python objects", "rows of one length become an array: numpy.array(array.tolist(), 'float32')"},
    {'M', "dates"},
    {'m', "durations"},
    {'c', "complex numbers", "save their parts side by side: numpy.hstack([array.real, array.imag])"},
    {'f', "numbers of extended precision", "array.astype('float64')"},
    {'V', "bytes without a type", "say what they are: array.view('float32'); of bfloat16 array.astype('float32')"}};

// The values of a dictionary as Python writes it, {'key': value, ..}, as their text; nothing when it is none.
std::optional<std::map<std::string, std::string>> dictionary_of(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  const auto trimmed = [&](std::string_view word) {
    while (!word.empty() && is_blank(word.front())) word.remove_prefix(1);
    while (!word.empty() && is_blank(word.back())) word.remove_suffix(1);
    return word;
  };
  text = trimmed(text);
  while (text.ends_with('\0')) text = trimmed(text.substr(0, text.size() - 1));
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::map<std::string, std::string> values;
  std::string key;
  size_t begin = 0;
  int depth = 0;
  char quote = '\0';
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (i < text.size() && quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (depth == 0 && c == ':' && key.empty()) {
      const auto word = trimmed(text.substr(begin, i - begin));
      if (word.size() < 3) return std::nullopt;
      key = word.substr(1, word.size() - 2);
      begin = i + 1;
    } else if (depth == 0 && c == ',') {
      const auto word = trimmed(text.substr(begin, i - begin));
      if (!key.empty()) values[key] = word;
      if (key.empty() != word.empty()) return std::nullopt;
      key.clear();
      begin = i + 1;
    }
  }
  if (quote != '\0' || depth != 0) return std::nullopt;
  return values;
}

// "(3, 4)"; Python 2 wrote (3L, 4L).
std::optional<std::vector<int64_t>> shape_of(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  std::vector<int64_t> shape;
  for (std::string word : split(text.substr(1, text.size() - 2), ',')) {
    std::erase_if(word, [](char c) { return c == ' ' || c == 'L'; });
    if (word.empty()) continue;
    if (int64_t extent = 0; parse_int(word, extent) && extent >= 0) {
      shape.push_back(extent);
    } else {
      return std::nullopt;
    }
  }
  return shape;
}

// "text <U5 (2)", "records [('x', '<f4')] (20)".
void describe_other(const std::string& descr, const std::vector<int64_t>& shape, NpyHead& head) {
  const std::string name = descr.size() > 2 ? descr.substr(1, descr.size() - 2) : "";
  const auto kind = std::ranges::find_if(
      kOtherKinds, [&](const OtherKind& other) { return name.size() >= 2 && name[1] == other.letter; });
  if (descr.starts_with('[')) {
    head.other = "records " + descr.substr(0, 60);
    head.hint = "numpy.lib.recfunctions.structured_to_unstructured(array)";
  } else if (kind != std::end(kOtherKinds)) {
    head.other = std::string(kind->what) + " " + name;
    head.hint = kind->hint;
  } else {
    head.other = "elements of type " + name;
  }
  head.other += " " + shape_text(shape);
}

}  // namespace

void write_npy(const std::filesystem::path& path, const array::Array& values) {
  const array::Array data = values.contiguous();
  std::string type;
  for (const auto& candidate : kTypes) {
    if (candidate.type == data.dtype())
      type = (array::size_of(data.dtype()) == 1 ? "|" : "<") + std::string(candidate.name);
  }
  if (type.empty()) {
    throw std::invalid_argument(std::string("[write_npy] expected a type that NumPy has, got ") +
                                array::name_of(data.dtype()));
  }
  std::string shape;
  for (const int64_t size : data.shape()) shape += std::to_string(size) + ", ";
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  while ((header.size() + 11) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  write_file_in_chunks(path, [&](const WriteChunk& write) {
    write("\x93NUMPY\x01\x00", 8);
    write(&length, 2);
    write(header.data(), header.size());
    write(data.raw(), data.nbytes());
  });
}

NpyHead read_npy_head(const std::filesystem::path& path) {
  const uint64_t size = size_of_file(path);
  return parse_npy_head(read_range(path, 0, std::min(size, kNpyHead)), size, path.string());
}

NpyHead parse_npy_head(std::string_view head, uint64_t size, const std::string& name) {
  const auto fail = [&](const std::string& what) -> InputError { return {name, what}; };
  if (size == 0) throw fail("is empty");
  if (head.size() < 12 || head.substr(0, 6) != "\x93NUMPY") throw fail("not a NumPy .npy file");
  const int version = head[6];
  uint32_t header_size = 0;
  std::memcpy(&header_size, head.data() + 8, version == 1 ? 2 : 4);
  const size_t begin = version == 1 ? 10 : 12;
  if (version < 1 || version > 3 || head.size() < begin + header_size) throw fail("the .npy header is damaged");
  auto header = dictionary_of(head.substr(begin, header_size));
  if (!header || !header->contains("descr")) throw fail("the .npy header is damaged");
  const auto shape = shape_of((*header)["shape"]);
  if (!shape) throw fail("bad shape in the .npy header");
  const std::string &descr = (*header)["descr"], &fortran = (*header)["fortran_order"];
  if (fortran != "True" && fortran != "False") throw fail("the .npy header is damaged");

  NpyHead result;
  const char order = descr.size() > 2 ? descr[1] : '\0';
  for (const auto& type : kTypes) {
    if (descr.size() != 5 || std::string_view(descr).substr(2, 2) != type.name) continue;
    ArraySpan& span = result.span.emplace();
    span.type = type.type;
    if (order == '>' && array::size_of(type.type) > 1) span.coding = ArraySpan::Coding::kBigEndian;
  }
  if (!result.span || std::string_view("<>|=").find(order) == std::string_view::npos) {
    result.span.reset();
    describe_other(descr, *shape, result);
    return result;
  }
  ArraySpan& span = *result.span;
  span.shape = *shape;
  span.offset = begin + header_size;
  if (const auto bytes = span.bytes(), held = std::optional(size - span.offset); bytes != held) {
    std::string sizes = shape_text(span.shape) + " " + span.type_name() + ", but " + std::to_string(*held) + " bytes";
    if (bytes) sizes += " of " + std::to_string(*bytes);
    throw InputError(name, "the data are not as large as the header says: " + sizes,
                     bytes && *bytes > *held ? "truncated?" : "");
  }
  if (fortran == "True") {
    int64_t step = 1;
    for (const int64_t extent : span.shape) {
      span.strides.push_back(step);
      step *= std::max<int64_t>(extent, 1);
    }
  }
  return result;
}

array::Array read_npy(const std::filesystem::path& path) {
  const NpyHead head = read_npy_head(path);
  if (!head.span) throw InputError(path.string(), "holds " + head.other + ", which is not supported", head.hint);
  return read_array(path, *head.span);
}

}  // namespace directclr::io
