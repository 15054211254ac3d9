#include "directclr/model/fused_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "directclr/distributed/saved_group.h"
#include "directclr/distributed/sync_batch_norm.h"
#include "directclr/model/norm_kernels.h"

namespace directclr::model {
namespace {

using at::Tensor;
using distributed::ProcessGroup;
using distributed::SavedGroup;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Doubles = std::vector<double>;

// How x's numbers are cut: into parts of whole rows. A row holds a few pixels, so that it fills registers.
struct Layout {
  size_t channels, count, width, part;

  explicit Layout(const Tensor& x)
      : channels(static_cast<size_t>(x.size(1))),
        count(static_cast<size_t>(x.numel())),
        width(std::lcm(channels, size_t{16})) {
    while (width < 64) width *= 2;
    part = width * std::max<size_t>(64, 16384 / width);
  }
  int64_t parts() const { return static_cast<int64_t>((count + part - 1) / part); }
  // job(part, first number, count of numbers)
  template <class Job>
  void for_parts(const Job& job) const {
    at::parallel_for(0, parts(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const size_t first = static_cast<size_t>(i) * part;
        job(static_cast<size_t>(i), first, std::min(part, count - first));
      }
    });
  }
  // A channel's number for every column of a row.
  template <class Wide>
  std::vector<Wide> by_column(const Doubles& values) const {
    std::vector<Wide> columns(width);
    for (size_t j = 0; j < width; ++j) columns[j] = static_cast<Wide>(values[j % channels]);
    return columns;
  }
  // Sums of all parts, each of `width` columns, for every channel.
  template <class Wide>
  Doubles by_channel(const std::vector<Wide>& columns) const {
    Doubles wide(width, 0.0), sums(channels, 0.0);
    for (size_t i = 0; i < columns.size(); i += width) {
      for (size_t j = 0; j < width; ++j) wide[j] += static_cast<double>(columns[i + j]);
    }
    for (size_t j = 0; j < width; ++j) sums[j % channels] += wide[j];
    return sums;
  }
};

// Calls job(T, Wide), numbers of x's type and of what sums of them have.
template <class Job>
void with_types(const Tensor& x, const Job& job) {
  switch (x.scalar_type()) {
    case at::kDouble: return job(double{}, double{});
    case at::kBFloat16: return job(c10::BFloat16{}, float{});
    default: return job(float{}, float{});
  }
}

// Of a (C) tensor on a processor, float32 or float64, contiguous. Plain loops: a step has hundreds of these, and an
// operation of the library's would take longer than its numbers.
Doubles doubles_of(const Tensor& values) {
  const auto read = [&]<class T>(T) {
    return Doubles(values.const_data_ptr<T>(), values.const_data_ptr<T>() + values.numel());
  };
  return values.scalar_type() == at::kDouble ? read(double{}) : read(float{});
}
void write_doubles(const Doubles& from, const Tensor& to) {
  const auto write = [&]<class T>(T) {
    std::transform(from.begin(), from.end(), to.mutable_data_ptr<T>(),
                   [](double value) { return static_cast<T>(value); });
  };
  to.scalar_type() == at::kDouble ? write(double{}) : write(float{});
}
Tensor tensor_of(const Doubles& values, at::ScalarType type = at::kDouble) {
  Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, type);
  write_doubles(values, tensor);
  return tensor;
}

// Of every channel over some rows; the variance is biased.
struct Moments {
  Doubles mean, variance;
  double count;
};

// Some mean: what is taken from x before it is squared, so that little cancels.
template <class T>
Doubles rough_mean(const T* x, const Layout& layout) {
  const size_t rows = layout.count / layout.channels, samples = std::min<size_t>(rows, 32);
  Doubles mean(layout.channels, 0.0);
  for (size_t k = 0; k < samples; ++k) {
    const T* const row = x + (k * rows / samples) * layout.channels;
    for (size_t c = 0; c < layout.channels; ++c) mean[c] += static_cast<double>(row[c]) / static_cast<double>(samples);
  }
  return mean;
}

Moments own_moments(const Tensor& x) {
  const Layout layout(x);
  const auto rows = static_cast<double>(layout.count / layout.channels);
  Doubles mean(layout.channels), variance(layout.channels);
  with_types(x, [&]<class T, class Wide>(T kind, Wide) {
    const T* const from = x.const_data_ptr<T>();
    const Doubles rough = rough_mean(from, layout);
    const std::vector<Wide> shift = layout.by_column<Wide>(rough);
    std::vector<Wide> sums(static_cast<size_t>(layout.parts()) * layout.width), squares(sums.size());
    layout.for_parts([&](size_t i, size_t first, size_t count) {
      norm_kernels().of(kind).moments(from + first, count, layout.width, shift.data(), &sums[i * layout.width],
                                      &squares[i * layout.width]);
    });
    const Doubles sum = layout.by_channel(sums), square = layout.by_channel(squares);
    for (size_t c = 0; c < layout.channels; ++c) {
      const double beside = sum[c] / rows;
      mean[c] = static_cast<double>(shift[c]) + beside;
      const double spread = square[c] / rows - beside * beside;
      variance[c] = spread < 0 ? 0 : spread;  // what is not a number stays that
    }
  });
  return {mean, variance, rows};
}

Moments moments_of_all(const Moments& own, const ProcessGroup& group) {
  const auto all = distributed::merged_moments(
      {tensor_of(own.mean), tensor_of(own.variance), tensor_of({own.count}).squeeze(0)}, group);
  return {doubles_of(all.mean.contiguous()), doubles_of(all.variance.contiguous()), all.count.item<double>()};
}

// y = scale x + offset
struct Line {
  Doubles scale, offset;
};
Line line_of(const Tensor& weight, const Tensor& bias, const Doubles& mean, const Doubles& variance, double epsilon) {
  Line line{doubles_of(weight), doubles_of(bias)};
  for (size_t c = 0; c < mean.size(); ++c) {
    line.scale[c] /= std::sqrt(variance[c] + epsilon);
    line.offset[c] -= mean[c] * line.scale[c];
  }
  return line;
}

Tensor written(const Tensor& x, const Tensor& residual, const Line& line, bool relu) {
  const Layout layout(x);
  Tensor y = at::empty_like(x);
  with_types(x, [&]<class T, class Wide>(T kind, Wide) {
    const std::vector<Wide> a = layout.by_column<Wide>(line.scale), b = layout.by_column<Wide>(line.offset);
    const T *const from = x.const_data_ptr<T>(), *const add =
                                                     residual.defined() ? residual.const_data_ptr<T>() : nullptr;
    T* const to = y.mutable_data_ptr<T>();
    layout.for_parts([&](size_t, size_t first, size_t count) {
      norm_kernels().of(kind).normalise(from + first, add ? add + first : nullptr, to + first, count, layout.width,
                                        a.data(), b.data(), relu);
    });
  });
  return y;
}

struct NormFunction : torch::autograd::Function<NormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const std::optional<Tensor>& residual,
                        const Tensor& weight, const Tensor& bias, const NormState& state, const Moments& moments,
                        bool relu) {
    const Line line = line_of(weight, bias, moments.mean, moments.variance, state.epsilon);
    Tensor y = written(x, residual.value_or(Tensor()), line, relu);
    context->save_for_backward({x, relu ? y : Tensor(), weight, tensor_of(moments.mean), tensor_of(moments.variance)});
    context->saved_data["count"] = moments.count;
    context->saved_data["epsilon"] = state.epsilon;
    context->saved_data["residual"] = residual.has_value();
    context->saved_data["group"] = SavedGroup::of(state.group);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &y = saved[1], &weight = saved[2];
    const Doubles mean = doubles_of(saved[3]), variance = doubles_of(saved[4]), factor = doubles_of(weight);
    const double epsilon = context->saved_data["epsilon"].toDouble();
    const bool masks = context->saved_data["residual"].toBool() && y.defined();
    const Tensor grad_y = gradients[0].contiguous(x.suggest_memory_format());
    const Layout layout(x);
    // Of the residual: what goes back through the ReLU, written once and read again below.
    Tensor masked = masks ? at::empty_like(x) : Tensor(), grad_x = at::empty_like(x);
    Tensor grad_weight, grad_bias;
    with_types(x, [&]<class T, class Wide>(T kind, Wide) {
      const auto& kernels = norm_kernels().of(kind);
      const T *const of_y = grad_y.const_data_ptr<T>(), *const from = x.const_data_ptr<T>();
      const T* const result = y.defined() ? y.const_data_ptr<T>() : nullptr;
      T *const kept = masks ? masked.mutable_data_ptr<T>() : nullptr, *const to = grad_x.mutable_data_ptr<T>();
      const std::vector<Wide> centre = layout.by_column<Wide>(mean);
      std::vector<Wide> sums(static_cast<size_t>(layout.parts()) * layout.width), products(sums.size());
      layout.for_parts([&](size_t i, size_t first, size_t count) {
        kernels.gradient_sums(of_y + first, result ? result + first : nullptr, from + first,
                              kept ? kept + first : nullptr, count, layout.width, centre.data(),
                              &sums[i * layout.width], &products[i * layout.width]);
      });
      Doubles sum = layout.by_channel(sums), product = layout.by_channel(products);
      for (size_t c = 0; c < layout.channels; ++c) {
        // The centre was rounded.
        product[c] =
            (product[c] + (static_cast<double>(centre[c]) - mean[c]) * sum[c]) / std::sqrt(variance[c] + epsilon);
      }
      grad_weight = tensor_of(product, weight.scalar_type());
      grad_bias = tensor_of(sum, weight.scalar_type());
      const ProcessGroup group = SavedGroup::from(context->saved_data["group"]);
      if (group.world_size() > 1) {
        Tensor all = at::stack({tensor_of(product), tensor_of(sum)});
        group.all_reduce_(all);
        product = doubles_of(all[0]);
        sum = doubles_of(all[1]);
      }
      const double count = context->saved_data["count"].toDouble();
      Doubles a(layout.channels), b(layout.channels), c(layout.channels);
      for (size_t i = 0; i < layout.channels; ++i) {
        const double inverse = 1 / std::sqrt(variance[i] + epsilon);
        a[i] = factor[i] * inverse;
        b[i] = -a[i] * inverse * product[i] / count;
        c[i] = -a[i] * sum[i] / count - b[i] * mean[i];
      }
      const std::vector<Wide> of_g = layout.by_column<Wide>(a), of_x = layout.by_column<Wide>(b),
                              rest = layout.by_column<Wide>(c);
      const T* const g = masks ? kept : of_y;
      const T* const mask = masks ? nullptr : result;
      layout.for_parts([&](size_t, size_t first, size_t n) {
        kernels.input_gradient(g + first, mask ? mask + first : nullptr, from + first, to + first, n, layout.width,
                               of_g.data(), of_x.data(), rest.data());
      });
    });
    const Tensor grad_residual = masks ? masked : context->saved_data["residual"].toBool() ? grad_y : Tensor();
    return {grad_x, grad_residual, grad_weight, grad_bias, Tensor(), Tensor(), Tensor()};
  }
};

void update_running(const NormState& state, const Moments& moments) {
  const double bessel = moments.count / std::max(moments.count - 1, 1.0);
  const auto update = [&](const Tensor& running, const Doubles& seen, double factor) {
    Doubles values = doubles_of(running);
    for (size_t c = 0; c < values.size(); ++c) values[c] += state.momentum * (factor * seen[c] - values[c]);
    write_doubles(values, running);
  };
  update(state.running_mean, moments.mean, 1);
  update(state.running_var, moments.variance, bessel);
}

}  // namespace

bool can_normalise(const Tensor& x, const NormState& state) {
  const auto type = state.weight.scalar_type();
  const bool types = (type == at::kFloat && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16)) ||
                     (type == at::kDouble && x.scalar_type() == at::kDouble);
  const bool memory = x.dim() == 4   ? x.is_contiguous(at::MemoryFormat::ChannelsLast)
                      : x.dim() == 2 ? x.is_contiguous()
                                     : false;
  const bool plain = state.weight.is_contiguous() && state.bias.is_contiguous() && state.running_mean.is_contiguous() &&
                     state.running_var.is_contiguous() && state.running_mean.scalar_type() == type;
  return x.is_cpu() && types && memory && plain && x.numel() > 0 && x.size(1) == state.weight.size(0);
}

Tensor normalised(const Tensor& x, const Tensor& residual, const NormState& state, bool relu, bool training) {
  TORCH_CHECK(can_normalise(x, state), "[normalised] expected channels-last memory on a processor, got ", x.sizes());
  TORCH_CHECK(!residual.defined() || (residual.sizes() == x.sizes() && residual.scalar_type() == x.scalar_type()),
              "[normalised] expected a residual like x, ", x.sizes(), ", got ", residual.sizes());
  const Tensor add = residual.defined() ? residual.contiguous(x.suggest_memory_format()) : residual;
  if (!training) {
    const Line line =
        line_of(state.weight, state.bias, doubles_of(state.running_mean), doubles_of(state.running_var), state.epsilon);
    return written(x, add, line, relu);
  }
  Moments moments = own_moments(x);
  if (state.group.world_size() > 1) moments = moments_of_all(moments, state.group);
  if (state.momentum != 0) update_running(state, moments);
  const auto given = add.defined() ? std::optional(add) : std::nullopt;
  return NormFunction::apply(x, given, state.weight, state.bias, state, moments, relu);
}

}  // namespace directclr::model
