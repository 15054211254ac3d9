#include "directclr/explain/explain.h"

#include <gtest/gtest.h>

#include "directclr/loss/contrastive.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace directclr::explain {
namespace {

double distance(const Growth& x, const Growth& y) {
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
  Subject subject;
  subject.encoder = model::make_encoder(encoder, 16, 1);
  subject.encoder->eval();
  subject.projector = model::make_projector(projector, subject.encoder->representation(), 1);
  subject.projector->eval();
  subject.augment.image_size = 16;
  settings::ExplainSettings settings;
  settings.batch = 16;
  settings.attribution = false;
  settings.examples = 0;
  ViewOptions options;
  options.batch = settings.batch;

  const ViewFeatures features =
      view_features(subject.encoder, *source, subject.augment, subject.device, options, Context());
  const auto tail = subject.projector->linear_tail(features.a);
  const auto batch = [&](int64_t k) {
    const auto rows = [&](const at::Tensor& all) { return all.narrow(0, k * settings.batch, settings.batch); };
    const auto z = [&](const at::Tensor& r) { return at::linear(rows(r), tail.weight); };
    return ViewBatch{rows(features.a), rows(features.b), z(features.a), z(features.b)};
  };
  using Reference = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
  const std::pair<std::string, Reference> references[] = {
      {"infonce", [](const at::Tensor& a, const at::Tensor& b) { return loss::info_nce(a, b, 0.2); }},
      {"ntxent", [](const at::Tensor& a, const at::Tensor& b) { return loss::nt_xent(a, b, 0.2); }}};
  for (const auto& [name, own] : references) {
    subject.loss = {.loss = name, .tau = 0.2};
    const Explanation found = explain(subject, *source, settings, options, Context());
    for (const auto& [other_name, other] : references) {
      const auto& x = found.last.contrast;
      const Growth expected =
          growth(batch, features.batches(), {tail.weight, tail.bias}, other, x.mean.contrast(), x.vectors);
      ASSERT_EQ(found.growth.exact.size(), expected.exact.size());
      const double scale = std::abs(expected.exact.front());
      if (name == other_name) {
        EXPECT_LT(distance(found.growth, expected), 1e-9 * scale) << name;
      } else {
        EXPECT_GT(distance(found.growth, expected), 1e-3 * scale) << name << " is not " << other_name;
      }
    }
  }
  subject.loss.loss = "info-nce";
  EXPECT_THROW(explain(subject, *source, settings, options, Context()), InputError);
}

}  // namespace
}  // namespace directclr::explain
