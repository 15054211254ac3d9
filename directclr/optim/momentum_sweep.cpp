#include "directclr/optim/momentum_sweep.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "directclr/optim/momentum_kernels.h"

namespace directclr::optim {
namespace {

// Numbers of a parameter that a thread takes at a time.
struct Chunk {
  size_t parameter;
  int64_t first, count;
  double of_p = 0, of_update = 0;  // squares
};
constexpr int64_t kChunk = 1 << 15;

std::vector<Chunk> chunks_of(const std::vector<at::Tensor>& tensors) {
  std::vector<Chunk> chunks;
  for (size_t k = 0; k < tensors.size(); ++k) {
    for (int64_t first = 0; first < tensors[k].numel(); first += kChunk) {
      chunks.push_back({k, first, std::min(kChunk, tensors[k].numel() - first)});
    }
  }
  return chunks;
}

// Whether numbers of the same index stand at the same place of both. Strides of dimensions of one say nothing.
bool laid_out_alike(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  for (int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return false;
  }
  return true;
}

template <class T>
void sweep_of(const MomentumParameters& parameters, const MomentumRule& rule) {
  const auto& kernels = momentum_kernels().of(T{});
  std::vector<Chunk> chunks = chunks_of(parameters.tensors);
  const auto decay_of = [&](size_t k) { return parameters.tensors[k].dim() > 1 ? rule.weight_decay : 0.0; };
  const auto for_chunks = [&](const auto& job) {
    at::parallel_for(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) job(chunks[static_cast<size_t>(i)]);
    });
  };
  std::vector<double> trust(parameters.tensors.size(), 1.0);
  if (rule.eta >= 0) {
    for_chunks([&](Chunk& chunk) {
      const at::Tensor& p = parameters.tensors[chunk.parameter];
      if (p.dim() <= 1) return;
      kernels.squares(
          p.const_data_ptr<T>() + chunk.first, parameters.gradients[chunk.parameter].const_data_ptr<T>() + chunk.first,
          static_cast<size_t>(chunk.count), static_cast<T>(rule.weight_decay), &chunk.of_p, &chunk.of_update);
    });
    std::vector<double> of_p(trust.size()), of_update(trust.size());
    for (const Chunk& chunk : chunks) {
      of_p[chunk.parameter] += chunk.of_p;
      of_update[chunk.parameter] += chunk.of_update;
    }
    for (size_t k = 0; k < trust.size(); ++k) {
      // What is not a number stays that.
      if (of_p[k] != 0 && of_update[k] != 0) trust[k] = rule.eta * std::sqrt(of_p[k]) / std::sqrt(of_update[k]);
    }
  }
  for_chunks([&](const Chunk& chunk) {
    const size_t k = chunk.parameter;
    kernels.update(parameters.tensors[k].mutable_data_ptr<T>() + chunk.first,
                   parameters.gradients[k].const_data_ptr<T>() + chunk.first,
                   parameters.buffers[k].mutable_data_ptr<T>() + chunk.first, static_cast<size_t>(chunk.count),
                   static_cast<T>(decay_of(k)), static_cast<T>(rule.momentum), static_cast<T>(trust[k]),
                   static_cast<T>(rule.rate));
  });
}

}  // namespace

bool can_sweep(const MomentumParameters& parameters) {
  for (size_t k = 0; k < parameters.tensors.size(); ++k) {
    const at::Tensor& p = parameters.tensors[k];
    const auto fits = [&](const at::Tensor& other) {
      return other.is_cpu() && other.scalar_type() == p.scalar_type() && laid_out_alike(other, p);
    };
    const bool type = p.scalar_type() == parameters.tensors[0].scalar_type() &&
                      (p.scalar_type() == at::kFloat || p.scalar_type() == at::kDouble);
    if (!type || !p.is_non_overlapping_and_dense() || !fits(p) || !fits(parameters.gradients[k]) ||
        !fits(parameters.buffers[k])) {
      return false;
    }
  }
  return true;
}

void sweep(const MomentumParameters& parameters, const MomentumRule& rule) {
  if (parameters.tensors.empty()) return;
  parameters.tensors[0].scalar_type() == at::kDouble ? sweep_of<double>(parameters, rule)
                                                     : sweep_of<float>(parameters, rule);
  for (const auto* list : {&parameters.tensors, &parameters.buffers}) {
    for (const at::Tensor& tensor : *list) tensor.unsafeGetTensorImpl()->bump_version();
  }
}

}  // namespace directclr::optim
