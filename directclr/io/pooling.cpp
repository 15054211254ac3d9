#include "directclr/io/pooling.h"

#include <algorithm>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/io/array_span.h"

namespace directclr::io {
namespace {

using array::Array;
using array::DType;

// Without axes of size 1 behind the first, but two axes at least.
std::vector<int64_t> without_ones(const std::vector<int64_t>& shape) {
  std::vector<int64_t> axes(shape.begin(), shape.begin() + 1);
  for (size_t axis = 1; axis < shape.size(); ++axis) {
    if (shape[axis] != 1) axes.push_back(shape[axis]);
  }
  if (axes.size() == 1) axes.push_back(1);
  return axes;
}

// Of an array of four axes the two neighbours that are equal are the map: whether they come last, behind the channels.
bool map_is_last(const std::vector<int64_t>& axes) { return axes[2] == axes[3]; }
bool map_can_be_told(const std::vector<int64_t>& axes) { return map_is_last(axes) != (axes[1] == axes[2]); }

// Of an array of four axes the mean over its map.
Pooling map_mean(const std::vector<int64_t>& axes, const std::string& name) {
  const bool first = map_is_last(axes);  // the channels
  if (!map_can_be_told(axes)) {
    throw InputError(name, "which axes of " + shape_text(axes) + " are the map cannot be told",
                     "average before you save, drop axes of size 1, or take all values with --pool flatten");
  }
  Pooling pooling;
  const int64_t places = first ? axes[2] * axes[3] : axes[1] * axes[2];
  if (first) {
    pooling = {Pooling::Kind::kMap, 1, axes[1], places, ""};
  } else {
    pooling = {Pooling::Kind::kTokens, places, axes[3], 1, ""};
  }
  pooling.text = format("mean over maps of %lld x %lld, channels %s", static_cast<long long>(first ? axes[2] : axes[1]),
                        static_cast<long long>(axes[2]), first ? "before them" : "last");
  return pooling;
}

// How an array of more axes becomes rows.
std::string hint_on_axes(const std::vector<int64_t>& axes) {
  std::string hint;
  if (axes[0] == 1) {
    hint = format("a single sample; if its %lld parts are the rows, drop the first axis: array[0]; ",
                  static_cast<long long>(axes[1]));
  }
  if (axes.size() == 3) return hint + "samples of tokens: choose --pool mean, cls or flatten";
  if (axes.size() == 4 && map_can_be_told(axes)) return hint + "samples of maps: choose --pool mean or flatten";
  return hint + "take all values of a sample with --pool flatten";
}

template <class In, class Out>
void average(const In* in, int64_t samples, const Pooling& pooling, Out* out) {
  std::vector<double> sums(static_cast<size_t>(pooling.width));
  const auto count = static_cast<double>(pooling.outer * pooling.inner);
  for (int64_t i = 0; i < samples; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t t = 0; t < pooling.outer; ++t) {
      for (double& sum : sums) {
        for (int64_t place = 0; place < pooling.inner; ++place) sum += static_cast<double>(*in++);
      }
    }
    for (const double sum : sums) *out++ = static_cast<Out>(sum / count);
  }
}

}  // namespace

Pooling pooling_of(const std::vector<int64_t>& shape, const std::string& pool, const std::string& name) {
  if (shape.size() < 2) {
    throw InputError(name, "expected an (N, D) matrix, got an array " + shape_text(shape),
                     shape.empty() ? "" : "a single row says nothing of a spectrum; save one row a sample");
  }
  // An axis of size 1 says where others end: (N, C, 1, W) is a map, not W tokens.
  const std::vector<int64_t> axes = without_ones(shape).size() == 2 || pool == "flatten" ? without_ones(shape) : shape;
  Pooling pooling;
  if (axes.size() == 2) {
    pooling.width = axes[1];
    if (shape.size() > 2) pooling.text = "without axes of size 1";
    return pooling;
  }
  for (const int64_t size : axes) {
    if (size == 0) throw InputError(name, "an array " + shape_text(shape) + " holds no values");
  }
  if (pool == "flatten") {
    pooling.width = 1;
    for (size_t axis = 1; axis < axes.size(); ++axis) pooling.width *= axes[axis];
    pooling.text = "flattened";
    return pooling;
  }
  if (axes.size() == 3 && (pool == "mean" || pool == "cls")) {
    const bool mean = pool == "mean";
    pooling = {mean ? Pooling::Kind::kTokens : Pooling::Kind::kFirst, axes[1], axes[2], 1, ""};
    pooling.text = mean ? format("mean over %lld tokens", static_cast<long long>(axes[1]))
                        : format("the first of %lld tokens", static_cast<long long>(axes[1]));
    return pooling;
  }
  if (axes.size() == 4 && pool == "mean") return map_mean(axes, name);
  throw InputError(name, "expected an (N, D) matrix, got an array " + shape_text(shape), hint_on_axes(axes));
}

DType pooled_type(DType type, const Pooling& pooling) {
  const bool means = pooling.kind == Pooling::Kind::kTokens || pooling.kind == Pooling::Kind::kMap;
  return means && type != DType::kFloat64 ? DType::kFloat32 : type;
}

Array pooled(const Array& samples, const Pooling& pooling) {
  if (pooling.kind == Pooling::Kind::kNone) return samples;
  const int64_t n = samples.size(0);
  Array rows = Array::empty({n, pooling.width}, pooled_type(samples.dtype(), pooling));
  if (pooling.kind == Pooling::Kind::kFirst) {
    const size_t bytes = static_cast<size_t>(pooling.width) * array::size_of(samples.dtype());
    const auto* from = static_cast<const char*>(samples.raw());
    auto* to = static_cast<char*>(rows.mutable_raw());
    for (int64_t i = 0; i < n; ++i, to += bytes, from += bytes * static_cast<size_t>(pooling.outer)) {
      std::memcpy(to, from, bytes);
    }
  } else if (samples.dtype() == DType::kFloat64) {
    average(samples.data<double>(), n, pooling, rows.mutable_data<double>());
  } else {
    average(samples.to(DType::kFloat32).data<float>(), n, pooling, rows.mutable_data<float>());
  }
  return rows;
}

}  // namespace directclr::io
