#include "directclr/model/projector.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/philox.h"
#include "directclr/core/text.h"
#include "directclr/model/batch_norm.h"
#include "directclr/model/orthogonal.h"

namespace directclr::model {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

at::Generator generator_for(uint64_t seed, Purpose purpose) {
  RandomStream stream(seed, purpose);
  return at::make_generator<at::CPUGeneratorImpl>(uint64_t{stream.bits()} << 32 | stream.bits());
}

// nn.Linear's own initial weights, U(+-1/sqrt(in)), from our generator.
Tensor linear_weight(int64_t out, int64_t in, at::Generator& generator) {
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  return torch::empty({out, in}).uniform_(-bound, bound, generator);
}

// A random orthogonal matrix (D, D), uniform over the group: QR of a Gaussian with the signs of R fixed.
Tensor random_orthogonal(int64_t size, at::Generator& generator) {
  const Tensor gaussian = torch::empty({size, size}, torch::kDouble).normal_(0, 1, generator);
  const auto [q, r] = torch::linalg_qr(gaussian);
  return (q * r.diagonal().sign()).to(torch::kFloat);
}

// `count` distinct numbers below `size`, ascending: the first of a Fisher-Yates shuffle.
std::vector<int64_t> draw_dimensions(RandomStream& random, int64_t size, int64_t count) {
  std::vector<int64_t> all(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) all[static_cast<size_t>(i)] = i;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t j = i + random.below(static_cast<uint32_t>(size - i));
    std::swap(all[static_cast<size_t>(i)], all[static_cast<size_t>(j)]);
  }
  all.resize(static_cast<size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

class NoProjector final : public Projector {
 public:
  explicit NoProjector(int64_t representation) : representation_(representation) {}
  Tensor forward(const Tensor& r, int64_t) override { return r; }
  int64_t embedding() const override { return representation_; }

 private:
  int64_t representation_;
};

class DirectProjector final : public Projector {
 public:
  explicit DirectProjector(int64_t d0) : d0_(d0) {}
  Tensor forward(const Tensor& r, int64_t) override { return r.slice(1, 0, d0_); }
  int64_t embedding() const override { return d0_; }

 private:
  int64_t d0_;
};

class LinearProjector final : public Projector {
 public:
  LinearProjector(int64_t in, int64_t out, at::Generator generator) {
    weight_ = register_parameter("weight", linear_weight(out, in, generator));
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(r, weight_); }
  int64_t embedding() const override { return weight_.size(0); }
  std::vector<Tensor> matrices() const override { return {weight_}; }

 private:
  Tensor weight_;  // (P, D)
};

class DiagonalProjector final : public Projector {
 public:
  // All ones would begin as no projector; U(0, 1)-like spread gives the singular values room to differ, and a linear
  // layer's scale is of no matter to a normalised loss.
  DiagonalProjector(int64_t size, at::Generator generator) {
    weight_ = register_parameter("weight", torch::empty({size}).uniform_(0.5, 1.5, generator));
  }
  Tensor forward(const Tensor& r, int64_t) override { return r * weight_; }
  int64_t embedding() const override { return weight_.size(0); }

 private:
  Tensor weight_;  // (D)
};

// P = expm(A - A^T): the exponential of a skew-symmetric matrix is orthogonal, whatever A becomes.
class OrthogonalProjector final : public Projector {
 public:
  OrthogonalProjector(int64_t size, at::Generator generator) {
    weight_ = register_parameter("weight", linear_weight(size, size, generator));
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(r, orthogonal_from(weight_)); }
  int64_t embedding() const override { return weight_.size(0); }

 private:
  Tensor weight_;  // A (D, D)
};

// Trainable of rank at most d0: two linear maps with nothing between.
class LowRankProjector final : public Projector {
 public:
  LowRankProjector(int64_t in, int64_t rank, int64_t out, at::Generator generator) {
    down_ = register_parameter("down", linear_weight(rank, in, generator));
    up_ = register_parameter("up", linear_weight(out, rank, generator));
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(torch::linear(r, down_), up_); }
  int64_t embedding() const override { return up_.size(0); }
  std::vector<Tensor> matrices() const override { return {down_, up_}; }

 private:
  Tensor down_;  // (d0, D)
  Tensor up_;    // (P, d0)
};

// U diag(1 x d0, 0, ...) V^T with fixed random orthogonal U and V. The loss sees only inner products, so U changes
// nothing and is left out unless asked for.
class FixedLowRankProjector final : public Projector {
 public:
  FixedLowRankProjector(int64_t size, int64_t d0, bool left, at::Generator generator) {
    const Tensor v = random_orthogonal(size, generator);
    Tensor matrix = v.t().slice(0, 0, d0);  // (d0, D)
    if (left) matrix = random_orthogonal(size, generator).slice(1, 0, d0).mm(matrix);
    matrix_ = register_buffer("matrix", matrix.contiguous());
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(r, matrix_); }
  int64_t embedding() const override { return matrix_.size(0); }

 private:
  Tensor matrix_;  // (d0, D) or (D, D)
};

// diag(1 x d0, 0, ...): what the paper calls DirectCLR's equivalent projector. z keeps its D columns.
class LowRankDiagonalProjector final : public Projector {
 public:
  LowRankDiagonalProjector(int64_t size, int64_t d0) {
    Tensor mask = torch::zeros({size});
    mask.slice(0, 0, d0).fill_(1);
    mask_ = register_buffer("mask", mask);
  }
  Tensor forward(const Tensor& r, int64_t) override { return r * mask_; }
  int64_t embedding() const override { return mask_.size(0); }

 private:
  Tensor mask_;  // (D)
};

// The D channels, shuffled once, fall into D / d0 groups of d0; z is the groups' sum.
class GroupProjector final : public Projector {
 public:
  GroupProjector(int64_t size, int64_t d0, uint64_t seed) : d0_(d0) {
    if (size % d0 != 0) {
      throw InputError("--d0",
                       format("%lld does not divide the representation's %lld dimensions", static_cast<long long>(d0),
                              static_cast<long long>(size)),
                       "projector group needs groups of equal size");
    }
    RandomStream random(seed, Purpose::kFixedRotation);
    std::vector<int64_t> order(static_cast<size_t>(size));
    for (int64_t i = 0; i < size; ++i) order[static_cast<size_t>(i)] = i;
    for (auto left = static_cast<uint32_t>(size); left > 1; --left)
      std::swap(order[left - 1], order[random.below(left)]);
    order_ = register_buffer("order", torch::tensor(order));
  }
  Tensor forward(const Tensor& r, int64_t) override {
    return r.index_select(1, order_).view({r.size(0), -1, d0_}).sum(1);
  }
  int64_t embedding() const override { return d0_; }

 private:
  int64_t d0_;
  Tensor order_;  // (D)
};

// Appendix F: d0 random dimensions, new ones every training step, the same for both views. In evaluation all of r.
class RandomDropoutProjector final : public Projector {
 public:
  RandomDropoutProjector(int64_t size, int64_t d0, uint64_t seed) : size_(size), d0_(d0), seed_(seed) {}
  Tensor forward(const Tensor& r, int64_t step) override {
    if (!is_training()) return r;
    RandomStream random(seed_, Purpose::kDropDimensions, 0, static_cast<uint64_t>(step));
    return r.index_select(1, torch::tensor(draw_dimensions(random, size_, d0_)).to(r.device()));
  }
  int64_t embedding() const override { return d0_; }

 private:
  int64_t size_;
  int64_t d0_;
  uint64_t seed_;
};

class MlpProjector final : public Projector {
 public:
  MlpProjector(const settings::ProjectorSettings& s, int64_t in, at::Generator generator)
      : embedding_(s.projector_dim) {
    const int64_t hidden = s.mlp_hidden == 0 ? in : s.mlp_hidden;
    nn::Sequential layers;
    for (int64_t layer = 0; layer < s.mlp_depth; ++layer) {
      const bool last = layer + 1 == s.mlp_depth;
      const int64_t out = last ? s.projector_dim : hidden;
      nn::Linear linear(nn::LinearOptions(in, out).bias(s.mlp_bias));
      const torch::NoGradGuard no_grad;
      linear->weight.copy_(linear_weight(out, in, generator));
      if (s.mlp_bias) linear->bias.zero_();
      layers->push_back(linear);
      if (last ? s.mlp_last_batch_norm : s.mlp_batch_norm) layers->push_back(BatchNorm(out));
      if (!last) layers->push_back(nn::ReLU(nn::ReLUOptions(true)));
      in = out;
    }
    layers_ = register_module("layers", layers);
  }
  Tensor forward(const Tensor& r, int64_t) override { return layers_->forward(r); }
  int64_t embedding() const override { return embedding_; }

  LinearTail linear_tail(const Tensor& r) override {
    const torch::NoGradGuard no_grad;
    Tensor h = r;
    LinearTail tail;
    for (const auto& module : layers_->children()) {
      if (auto* linear = module->as<nn::Linear>()) {
        if (tail.weight.defined()) h = torch::linear(h, tail.weight, tail.bias);
        tail.weight = linear->weight;
        tail.bias = linear->bias.defined() ? linear->bias : torch::zeros({tail.weight.size(0)}, r.options());
      } else if (auto* norm = module->as<BatchNorm>()) {
        const Tensor shift = norm->forward(torch::zeros({1, tail.weight.size(0)}, r.options())).squeeze(0);
        const Tensor scale = norm->forward(torch::ones({1, tail.weight.size(0)}, r.options())).squeeze(0) - shift;
        tail.weight = scale.unsqueeze(1) * tail.weight;
        tail.bias = scale * tail.bias + shift;
      } else {  // the activation: what came before it is not the last linear map
        h = torch::linear(h, tail.weight, tail.bias).relu();
        tail = {};
      }
    }
    tail.input = h;
    return tail;
  }

  std::vector<Tensor> matrices() const override {
    std::vector<Tensor> all;
    for (const auto& module : layers_->children()) {
      if (auto* linear = module->as<nn::Linear>()) all.push_back(linear->weight);
    }
    return all;
  }

 private:
  int64_t embedding_;
  nn::Sequential layers_{nullptr};
};

}  // namespace

Projector::LinearTail Projector::linear_tail(const Tensor& r) {
  const torch::NoGradGuard no_grad;
  const Tensor weight = forward(torch::eye(r.size(1), r.options()), 0).t();
  return {r, weight, torch::zeros({weight.size(0)}, r.options())};
}

std::shared_ptr<Projector> make_projector(const settings::ProjectorSettings& s, int64_t representation, uint64_t seed) {
  const int64_t d0 = s.resolved_d0(representation);
  const std::string& kind = s.projector;
  at::Generator weights = generator_for(seed, Purpose::kInitialWeights);
  at::Generator fixed = generator_for(seed, Purpose::kFixedRotation);
  if (kind == "none") return std::make_shared<NoProjector>(representation);
  if (kind == "direct") return std::make_shared<DirectProjector>(d0);
  if (kind == "linear") return std::make_shared<LinearProjector>(representation, s.projector_dim, weights);
  if (kind == "diagonal") return std::make_shared<DiagonalProjector>(representation, weights);
  if (kind == "orthogonal") return std::make_shared<OrthogonalProjector>(representation, weights);
  if (kind == "lowrank") return std::make_shared<LowRankProjector>(representation, d0, s.projector_dim, weights);
  if (kind == "lowrank-fixed") {
    return std::make_shared<FixedLowRankProjector>(representation, d0, s.lowrank_left, fixed);
  }
  if (kind == "lowrank-diagonal") return std::make_shared<LowRankDiagonalProjector>(representation, d0);
  if (kind == "group") return std::make_shared<GroupProjector>(representation, d0, seed);
  if (kind == "random-dropout") return std::make_shared<RandomDropoutProjector>(representation, d0, seed);
  if (kind == "mlp") return std::make_shared<MlpProjector>(s, representation, weights);
  throw InputError("--projector", "'" + kind + "' is not known");
}

}  // namespace directclr::model
