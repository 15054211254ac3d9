#include "directclr/array/array.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <type_traits>

namespace directclr::array {
namespace {

std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = step;
    step *= std::max<int64_t>(shape[d], 1);
  }
  return strides;
}

// Called for every access: texts are made only where they are needed.
void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

// How many places there are. Axes without any do not excuse others: neither strides nor bytes may overflow.
int64_t product(const std::vector<int64_t>& shape) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 8;
  int64_t count = 1;
  bool any = true;
  for (const int64_t extent : shape) {
    require(extent >= 0 && count <= kMost / std::max<int64_t>(extent, 1), "[Array] expected sizes of an array");
    count *= std::max<int64_t>(extent, 1);
    any = any && extent > 0;
  }
  return any ? count : 0;
}

// Calls use(from, to, count) for runs along the last axis: pointers to the first elements, `to` counted row by row.
template <class From, class To, class Use>
void for_runs(const Array& from, To* to, const Use& use) {
  const int64_t axes = from.dim();
  const From* base = static_cast<const From*>(from.raw());
  if (axes == 0) return use(base, to, int64_t{1}, int64_t{1});
  if (from.numel() == 0) return;
  const int64_t length = from.size(axes - 1), step = from.strides().back();
  std::vector<int64_t> index(static_cast<size_t>(axes), 0);
  while (true) {
    const From* run = base;
    for (size_t d = 0; d + 1 < index.size(); ++d) run += index[d] * from.strides()[d];
    use(run, to, length, step);
    to += length;
    int64_t d = axes - 2;
    for (; d >= 0 && ++index[static_cast<size_t>(d)] == from.size(d); --d) index[static_cast<size_t>(d)] = 0;
    if (d < 0) return;
  }
}

// Rounded to the neighbour whose last bit is 1 unless it is exact: rounding that to a half gives what rounding the
// number itself would, since nothing can become a tie.
float rounded_to_odd(double value) {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || value != value) return nearest;
  const bool away = std::abs(static_cast<double>(nearest)) > std::abs(value);
  return std::bit_cast<float>((std::bit_cast<uint32_t>(nearest) - (away ? 1U : 0U)) | 1U);
}

template <class To, class From>
To converted(From value) {
  constexpr bool half_to = std::is_same_v<To, Float16> || std::is_same_v<To, BFloat16>;
  constexpr bool half_from = std::is_same_v<From, Float16> || std::is_same_v<From, BFloat16>;
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<To, bool>) {
    return static_cast<double>(value) != 0;
  } else if constexpr (half_to && std::is_same_v<From, double>) {
    return To(rounded_to_odd(value));
  } else if constexpr (half_to) {
    return To(static_cast<float>(value));
  } else if constexpr (half_from) {
    return static_cast<To>(static_cast<float>(value));
  } else {
    return static_cast<To>(value);
  }
}

template <class To>
void convert(const Array& from, To* to) {
  with_type_of(from.dtype(), [&](auto like) {
    using From = decltype(like);
    for_runs<From>(from, to, [](const From* run, To* out, int64_t length, int64_t step) {
      for (int64_t i = 0; i < length; ++i) {
        if constexpr (std::is_same_v<From, bool>) {
          // A file may hold any byte.
          out[i] = converted<To>(reinterpret_cast<const uint8_t*>(run)[i * step] != 0);
        } else {
          out[i] = converted<To>(run[i * step]);
        }
      }
    });
  });
}

}  // namespace

Array Array::empty(std::vector<int64_t> shape, DType type) {
  const size_t bytes = static_cast<size_t>(product(shape)) * size_of(type);
  Array made;
  made.type_ = type;
  made.strides_ = row_major(shape);
  made.shape_ = std::move(shape);
  // Registers are loaded from whole cache lines.
  void* const memory = std::aligned_alloc(64, (bytes / 64 + 1) * 64);
  if (!memory) throw std::bad_alloc();
  made.owner_ = std::shared_ptr<const void>(memory, [](const void* p) { std::free(const_cast<void*>(p)); });
  made.data_ = memory;
  return made;
}

Array Array::zeros(std::vector<int64_t> shape, DType type) {
  Array made = empty(std::move(shape), type);
  std::memset(made.data_, 0, made.nbytes());
  return made;
}

Array Array::of(std::vector<double> values, std::vector<int64_t> shape) {
  require(product(shape) == static_cast<int64_t>(values.size()), "[Array::of] expected as many values as places");
  const auto owner = std::make_shared<std::vector<double>>(std::move(values));
  return view(owner->data(), DType::kFloat64, std::move(shape), {}, owner);
}

Array Array::view(void* data, DType type, std::vector<int64_t> shape, std::vector<int64_t> strides,
                  std::shared_ptr<const void> owner) {
  require(strides.empty() || strides.size() == shape.size(), "[Array::view] expected a stride for each axis");
  product(shape);
  Array made;
  made.type_ = type;
  made.strides_ = strides.empty() ? row_major(shape) : std::move(strides);
  made.shape_ = std::move(shape);
  made.data_ = data;
  made.owner_ = std::move(owner);
  return made;
}

int64_t Array::size(int64_t axis) const {
  require(axis >= 0 && axis < dim(), "[Array::size] expected one of the axes");
  return shape_[static_cast<size_t>(axis)];
}

int64_t Array::numel() const { return product(shape_); }

bool Array::is_contiguous() const {
  int64_t expected = 1;
  bool in_order = true;
  for (size_t d = shape_.size(); d-- > 0;) {
    if (shape_[d] == 0) return true;
    in_order = in_order && (shape_[d] == 1 || strides_[d] == expected);
    expected *= shape_[d];
  }
  return in_order;
}

std::string Array::describe() const {
  std::string sizes;
  for (const int64_t size : shape_) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
  return std::string(name_of(type_)) + " (" + sizes + ")";
}

Array Array::slice(int64_t first, int64_t end, int64_t step) const {
  require(dim() >= 1 && first >= 0 && step >= 1, "[Array::slice] expected indices of the first axis");
  Array part = *this;
  end = std::min(end, shape_[0]);
  step = std::min(step, std::max<int64_t>(shape_[0], 1));
  part.shape_[0] = first < end ? (end - first - 1) / step + 1 : 0;
  part.strides_[0] = strides_[0] * step;
  if (first < end) part.data_ = static_cast<char*>(data_) + first * strides_[0] * static_cast<int64_t>(size_of(type_));
  return part;
}

Array Array::transposed() const {
  Array turned = *this;
  std::reverse(turned.shape_.begin(), turned.shape_.end());
  std::reverse(turned.strides_.begin(), turned.strides_.end());
  return turned;
}

Array Array::reshaped(std::vector<int64_t> shape) const {
  if (!is_contiguous() || product(shape) != numel()) {
    throw std::invalid_argument("[Array::reshaped] expected a contiguous array and as many places, got " + describe());
  }
  Array other = *this;
  other.strides_ = row_major(shape);
  other.shape_ = std::move(shape);
  return other;
}

Array Array::contiguous() const { return is_contiguous() ? *this : clone(); }

Array Array::to(DType type) const {
  if (type == type_) return contiguous();
  Array made = empty(shape_, type);
  with_type_of(type, [&](auto like) { convert(*this, made.mutable_data<decltype(like)>()); });
  return made;
}

Array Array::clone() const {
  Array made = empty(shape_, type_);
  if (is_contiguous()) {
    if (nbytes() > 0) std::memcpy(made.data_, data_, nbytes());
  } else {
    with_type_of(type_, [&](auto like) { convert(*this, made.mutable_data<decltype(like)>()); });
  }
  return made;
}

Array Array::rows(std::span<const int64_t> indices) const {
  require(dim() >= 1, "[Array::rows] expected an axis");
  std::vector<int64_t> shape = shape_;
  shape[0] = static_cast<int64_t>(indices.size());
  Array made = empty(std::move(shape), type_);
  const Array from = contiguous();
  // Not the stride, which may be any number where there is only one row.
  const size_t bytes = shape_[0] > 0 ? nbytes() / static_cast<size_t>(shape_[0]) : 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    require(indices[i] >= 0 && indices[i] < shape_[0], "[Array::rows] expected indices of the first axis");
    if (bytes == 0) continue;
    std::memcpy(static_cast<char*>(made.data_) + i * bytes,
                static_cast<const char*>(from.data_) + static_cast<size_t>(indices[i]) * bytes, bytes);
  }
  return made;
}

void* Array::checked(DType type) const {
  if (type != type_) {
    throw std::invalid_argument(std::string("[Array] expected elements of type ") + name_of(type) + ", got " +
                                describe());
  }
  return data_;
}

void* Array::checked_contiguous(DType type) const {
  require(is_contiguous(), "[Array] expected a contiguous array");
  return checked(type);
}

std::vector<double> to_doubles(const Array& array) {
  const Array wide = array.to(DType::kFloat64);
  const auto values = wide.values<double>();
  return {values.begin(), values.end()};
}

}  // namespace directclr::array
