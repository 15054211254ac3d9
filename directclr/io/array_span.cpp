#include "directclr/io/array_span.h"

#include "directclr/core/text.h"

namespace directclr::io {

std::optional<uint64_t> ArraySpan::bytes() const {
  uint64_t count = 1;
  bool any = true;
  for (const int64_t size : shape) {
    if (size < 0 || (size > 0 && count > (uint64_t{1} << 59) / static_cast<uint64_t>(size))) return std::nullopt;
    if (size > 0) count *= static_cast<uint64_t>(size);
    any = any && size > 0;
  }
  return any ? count * stored_size() : 0;
}

std::optional<uint64_t> ArraySpan::extent() const {
  const auto dense = bytes();
  if (!dense || strides.empty() || *dense == 0) return dense;
  uint64_t last = 0;
  for (size_t d = 0; d < shape.size(); ++d) {
    const auto steps = static_cast<uint64_t>(shape[d] - 1);
    constexpr uint64_t kFarthest = uint64_t{1} << 59;
    if (strides[d] < 0 || (steps > 0 && static_cast<uint64_t>(strides[d]) > (kFarthest - last) / steps))
      return std::nullopt;
    last += steps * static_cast<uint64_t>(strides[d]);
  }
  return (last + 1) * stored_size();
}

void ArraySpan::add_leading_axis() {
  shape.insert(shape.begin(), 1);
  if (!strides.empty()) strides.insert(strides.begin(), 0);
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(std::to_string(size));
  return "(" + join(sizes) + ")";
}

const char* ArraySpan::type_name() const {
  switch (coding) {
    case Coding::kFloat8E4M3: return "float8_e4m3fn";
    case Coding::kFloat8E5M2: return "float8_e5m2";
    default: return array::name_of(type);
  }
}

double ArraySpan::roundoff() const {
  switch (coding) {
    case Coding::kFloat8E4M3: return 0x1p-4;
    case Coding::kFloat8E5M2: return 0x1p-3;
    default: return array::unit_roundoff(type);
  }
}

std::string ArraySpan::describe() const { return std::string(type_name()) + " " + shape_text(shape); }

}  // namespace directclr::io
