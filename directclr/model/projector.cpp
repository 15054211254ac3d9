#include "directclr/model/projector.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/philox.h"
#include "directclr/core/shuffle.h"
#include "directclr/core/text.h"
#include "directclr/model/batch_norm.h"
#include "directclr/model/orthogonal.h"

namespace directclr::model {
namespace {

namespace nn = torch::nn;
using settings::ProjectorSettings;
using torch::Tensor;

at::Generator generator_for(uint64_t seed, Purpose purpose) {
  RandomStream stream(seed, purpose);
  return at::make_generator<at::CPUGeneratorImpl>(uint64_t{stream.bits()} << 32 | stream.bits());
}

at::Generator initial_weights(uint64_t seed) { return generator_for(seed, Purpose::kInitialWeights); }

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

// What a batch normalisation does in evaluation: scale * x + shift, each (C).
std::pair<Tensor, Tensor> scale_and_shift(BatchNormImpl& norm, const torch::TensorOptions& options) {
  const int64_t channels = norm.weight.size(0);
  const Tensor shift = norm.forward(torch::zeros({1, channels}, options)).squeeze(0);
  const Tensor scale = norm.forward(torch::ones({1, channels}, options)).squeeze(0) - shift;
  return {scale, shift};
}

class NoProjector final : public LinearInRepresentation {
 public:
  NoProjector(const ProjectorSettings&, int64_t width, uint64_t) : width_(width) {}
  Tensor forward(const Tensor& r, int64_t) override { return r; }
  int64_t embedding() const override { return width_; }

 private:
  int64_t width_;
};

class DirectProjector final : public LinearInRepresentation {
 public:
  DirectProjector(const ProjectorSettings& s, int64_t width, uint64_t) : d0_(s.resolved_d0(width)) {}
  Tensor forward(const Tensor& r, int64_t) override { return r.slice(1, 0, d0_); }
  int64_t embedding() const override { return d0_; }

 private:
  int64_t d0_;
};

class LinearProjector final : public LinearInRepresentation {
 public:
  LinearProjector(const ProjectorSettings& s, int64_t width, uint64_t seed) {
    at::Generator generator = initial_weights(seed);
    weight_ = register_parameter("weight", linear_weight(s.projector_dim, width, generator));
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(r, weight_); }
  int64_t embedding() const override { return weight_.size(0); }
  std::vector<Tensor> matrices() const override { return {weight_}; }

 private:
  Tensor weight_;  // (P, D)
};

class DiagonalProjector final : public LinearInRepresentation {
 public:
  // All ones would begin as no projector; U(0, 1)-like spread gives the singular values room to differ, and a linear
  // layer's scale is of no matter to a normalised loss.
  DiagonalProjector(const ProjectorSettings&, int64_t width, uint64_t seed) {
    weight_ = register_parameter("weight", torch::empty({width}).uniform_(0.5, 1.5, initial_weights(seed)));
  }
  Tensor forward(const Tensor& r, int64_t) override { return r * weight_; }
  int64_t embedding() const override { return weight_.size(0); }

 private:
  Tensor weight_;  // (D)
};

// P = expm(A - A^T): the exponential of a skew-symmetric matrix is orthogonal, whatever A becomes.
class OrthogonalProjector final : public LinearInRepresentation {
 public:
  OrthogonalProjector(const ProjectorSettings&, int64_t width, uint64_t seed) {
    at::Generator generator = initial_weights(seed);
    weight_ = register_parameter("weight", linear_weight(width, width, generator));
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(r, orthogonal_from(weight_)); }
  int64_t embedding() const override { return weight_.size(0); }

 private:
  Tensor weight_;  // A (D, D)
};

// Trainable of rank at most d0: two linear maps with nothing between.
class LowRankProjector final : public LinearInRepresentation {
 public:
  LowRankProjector(const ProjectorSettings& s, int64_t width, uint64_t seed) {
    const int64_t d0 = s.resolved_d0(width);
    at::Generator generator = initial_weights(seed);
    down_ = register_parameter("down", linear_weight(d0, width, generator));
    up_ = register_parameter("up", linear_weight(s.projector_dim, d0, generator));
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
class FixedLowRankProjector final : public LinearInRepresentation {
 public:
  FixedLowRankProjector(const ProjectorSettings& s, int64_t width, uint64_t seed) {
    const int64_t d0 = s.resolved_d0(width);
    at::Generator generator = generator_for(seed, Purpose::kFixedRotation);
    const Tensor v = random_orthogonal(width, generator);
    Tensor matrix = v.t().slice(0, 0, d0);  // (d0, D)
    if (s.lowrank_left) matrix = random_orthogonal(width, generator).slice(1, 0, d0).mm(matrix);
    matrix_ = register_buffer("matrix", matrix.contiguous());
  }
  Tensor forward(const Tensor& r, int64_t) override { return torch::linear(r, matrix_); }
  int64_t embedding() const override { return matrix_.size(0); }

 private:
  Tensor matrix_;  // (d0, D) or (D, D)
};

// diag(1 x d0, 0, ...): what the paper calls DirectCLR's equivalent projector. z keeps its D columns.
class LowRankDiagonalProjector final : public LinearInRepresentation {
 public:
  LowRankDiagonalProjector(const ProjectorSettings& s, int64_t width, uint64_t) {
    Tensor mask = torch::zeros({width});
    mask.slice(0, 0, s.resolved_d0(width)).fill_(1);
    mask_ = register_buffer("mask", mask);
  }
  Tensor forward(const Tensor& r, int64_t) override { return r * mask_; }
  int64_t embedding() const override { return mask_.size(0); }

 private:
  Tensor mask_;  // (D)
};

// The D channels, shuffled once, fall into D / d0 groups of d0; z is the groups' sum.
class GroupProjector final : public LinearInRepresentation {
 public:
  GroupProjector(const ProjectorSettings& s, int64_t width, uint64_t seed) : d0_(s.resolved_d0(width)) {
    if (width % d0_ != 0) {
      throw InputError("--d0",
                       format("%lld does not divide the representation's %lld dimensions", static_cast<long long>(d0_),
                              static_cast<long long>(width)),
                       "projector group needs groups of equal size");
    }
    RandomStream random(seed, Purpose::kFixedRotation);
    order_ = register_buffer("order", torch::tensor(permutation<int64_t>(static_cast<size_t>(width), random)));
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
class RandomDropoutProjector final : public LinearInRepresentation {
 public:
  RandomDropoutProjector(const ProjectorSettings& s, int64_t width, uint64_t seed)
      : width_(width), d0_(s.resolved_d0(width)), seed_(seed) {}
  Tensor forward(const Tensor& r, int64_t step) override {
    if (!is_training()) return r;
    RandomStream random(seed_, Purpose::kDropDimensions, 0, static_cast<uint64_t>(step));
    const Tensor kept = torch::tensor(draw_distinct(d0_, width_, random));
    return r.index_select(1, kept.to(r.device(), /*non_blocking=*/true));
  }
  int64_t embedding() const override { return d0_; }

 private:
  int64_t width_;
  int64_t d0_;
  uint64_t seed_;
};

// Every dimension of r standardised over the batch, then scaled. This keeps single dimensions from collapsing, but
// leaves the correlations between them (Hua et al. 2021, "On Feature Decorrelation in Self-Supervised Learning").
class BatchNormProjector final : public Projector {
 public:
  BatchNormProjector(const ProjectorSettings&, int64_t width, uint64_t) {
    norm_ = register_module("norm", BatchNorm(width));
  }
  Tensor forward(const Tensor& r, int64_t) override { return norm_->forward(r); }
  int64_t embedding() const override { return norm_->weight.size(0); }
  LinearTail linear_tail(const Tensor& r) override {
    const torch::NoGradGuard no_grad;
    const auto [scale, shift] = scale_and_shift(*norm_, r.options());
    return {r, scale.diag(), shift};
  }

 private:
  BatchNorm norm_{nullptr};
};

class MlpProjector final : public Projector {
 public:
  MlpProjector(const ProjectorSettings& s, int64_t width, uint64_t seed) : embedding_(s.projector_dim) {
    at::Generator generator = initial_weights(seed);
    const int64_t hidden = s.mlp_hidden == 0 ? width : s.mlp_hidden;
    int64_t in = width;
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
        const auto [scale, shift] = scale_and_shift(*norm, r.options());
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

template <class Kind>
std::shared_ptr<Projector> made(const ProjectorSettings& settings, int64_t width, uint64_t seed) {
  return std::make_shared<Kind>(settings, width, seed);
}

}  // namespace

Projector::LinearTail LinearInRepresentation::linear_tail(const Tensor& r) {
  const torch::NoGradGuard no_grad;
  const Tensor weight = forward(torch::eye(r.size(1), r.options()), 0).t();
  return {r, weight, torch::zeros({weight.size(0)}, r.options())};
}

const Table<ProjectorMaker>& projector_makers() {
  static const Table<ProjectorMaker> table{
      "--projector",
      {
          {"none", made<NoProjector>},
          {"direct", made<DirectProjector>},
          {"linear", made<LinearProjector>},
          {"diagonal", made<DiagonalProjector>},
          {"orthogonal", made<OrthogonalProjector>},
          {"lowrank", made<LowRankProjector>},
          {"lowrank-fixed", made<FixedLowRankProjector>},
          {"lowrank-diagonal", made<LowRankDiagonalProjector>},
          {"group", made<GroupProjector>},
          {"random-dropout", made<RandomDropoutProjector>},
          {"batch-norm", made<BatchNormProjector>},
          {"mlp", made<MlpProjector>},
      },
  };
  return table;
}

std::shared_ptr<Projector> make_projector(const settings::ProjectorSettings& settings, int64_t representation,
                                          uint64_t seed) {
  settings.resolved_d0(representation);  // refuses a wrong one whatever the projector
  return projector_makers().at(settings.projector).make(settings, representation, seed);
}

}  // namespace directclr::model
