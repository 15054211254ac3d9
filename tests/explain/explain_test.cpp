#include "directclr/explain/explain.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/loss/contrastive.h"
#include "directclr/tensor/arrays.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace directclr::explain {
namespace {

double distance(const causes::Growth& x, const causes::Growth& y) {
  double largest = 0;
  for (size_t k = 0; k < x.exact.size(); ++k) largest = std::max(largest, std::abs(x.exact[k] - y.exact[k]));
  return largest;
}

// What grows depends on the loss: the one that the run was trained with counts.
TEST(Explain, DifferentiatesTheLossThatTheRunWasTrainedWith) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 64, 10);
  const auto source = data::open_source("fashion-mnist:" + folder.path().string(), data::Split::kTrain);
  settings::EncoderSettings encoder;
  encoder.arch = "basic:1,1,1,1:2";
  encoder.stem = "small";
  settings::ProjectorSettings projector;
  projector.projector = "linear";
  projector.projector_dim = 8;
  Network network;
  network.encoder = model::make_encoder(encoder, 16, 1);
  network.encoder->eval();
  network.projector = model::make_projector(projector, network.encoder->representation(), 1);
  network.projector->eval();
  network.augment.image_size = 16;
  settings::ExplainSettings settings;
  settings.batch = 16;
  settings.attribution = false;
  settings.examples = 0;
  causes::ViewOptions options;
  options.batch = settings.batch;

  const auto features = causes::view_features(subject_of(network).encode, *source, network.augment, options, Context());
  const at::Tensor r_a = tensor::tensor_of(features.a), r_b = tensor::tensor_of(features.b);
  const at::Tensor weight = network.projector->linear_tail(r_a.to(at::kFloat)).weight.to(at::kDouble);
  using Reference = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
  const std::pair<std::string, Reference> references[] = {
      {"infonce", [](const at::Tensor& a, const at::Tensor& b) { return loss::info_nce(a, b, 0.2); }},
      {"ntxent", [](const at::Tensor& a, const at::Tensor& b) { return loss::nt_xent(a, b, 0.2); }},
      {"spectral", [](const at::Tensor& a, const at::Tensor& b) {
         return loss::loss_function("spectral")(a, b, {.loss = "spectral", .tau = 0.2}, {});
       }}};
  // d log s_k / dt = -u_k^T G v_k / s_k, a mean over batches, G by automatic differentiation.
  const auto rates = [&](const Reference& reference) {
    const auto [u, s, vh] = at::linalg_svd(weight, false);
    at::Tensor sum = at::zeros_like(s);
    for (int64_t k = 0; k < features.batches(); ++k) {
      const at::Tensor w = weight.clone().requires_grad_(true);
      const auto z = [&](const at::Tensor& r) {
        return at::linear(r.narrow(0, k * settings.batch, settings.batch), w);
      };
      reference(z(r_a), z(r_b)).backward();
      sum -= (u.t().mm(w.grad()).mm(vh.t())).diagonal() / s;
    }
    return tensor::values_of(sum / static_cast<double>(features.batches()));
  };
  for (const auto& [name, own] : references) {
    network.loss = {.loss = name, .tau = 0.2};
    const causes::Explanation found = causes::explain(subject_of(network), *source, settings, options, Context());
    EXPECT_TRUE(found.linear);
    for (const auto& [other_name, other] : references) {
      causes::Growth expected;
      expected.exact = rates(other);
      ASSERT_EQ(found.growth.exact.size(), expected.exact.size());
      const double scale = std::abs(expected.exact.front());
      if (name == other_name) {
        EXPECT_LT(distance(found.growth, expected), 1e-6 * scale) << name;
      } else {
        EXPECT_GT(distance(found.growth, expected), 1e-3 * scale) << name << " is not " << other_name;
      }
    }
  }
  network.loss.loss = "info-nce";
  EXPECT_THROW(causes::explain(subject_of(network), *source, settings, options, Context()), InputError);
}

}  // namespace
}  // namespace directclr::explain
