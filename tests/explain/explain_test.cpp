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

// An explanation of `images` images with these counts; 12 directions, batches of 16.
Explanation made_up_explanation(int64_t images, int64_t negative, int64_t negative_eqn2, double rank_correlation) {
  Explanation e;
  e.images = images;
  e.batch = 16;
  e.last.layer = "representation r";
  e.last.contrast.eigenvalues.assign(12, 1);
  e.last.contrast.negative_for_certain = negative;
  e.eqn2.eigenvalues.assign(12, 1);
  e.eqn2.negative_for_certain = negative_eqn2;
  e.weak = at::zeros({12, 2});
  e.growth.size.assign(12, 1);
  e.growth.shrinking = 5;
  e.growth.rank_correlation = rank_correlation;
  e.r.samples = images;
  e.r.values.assign(12, 1);
  for (size_t k = 7; k < 12; ++k) e.r.values[k] = 0;
  e.r.mean_cosine = 0.5;
  return e;
}

TEST(Conclusion, HasOneFindingWithItsConfidenceAndTheEvidenceOnItsSide) {
  const auto all_for = conclude(made_up_explanation(128, 3, 2, 0.9));
  EXPECT_EQ(all_for.confidence, "high");
  EXPECT_NE(all_for.finding.find("is at work: along 3 of 12 directions"), std::string::npos) << all_for.finding;
  EXPECT_EQ(all_for.supporting.size(), 3U);
  EXPECT_TRUE(all_for.opposing.empty());
  // What Eqn 2's weights say against it stands as such, and lowers the confidence.
  const auto divided = conclude(made_up_explanation(128, 0, 9, 0.9));
  EXPECT_EQ(divided.confidence, "moderate");
  EXPECT_NE(divided.finding.find("r has dead directions, but not because"), std::string::npos) << divided.finding;
  ASSERT_EQ(divided.opposing.size(), 1U);
  EXPECT_NE(divided.opposing[0].find("Eqn 2's own weights"), std::string::npos) << divided.opposing[0];
  EXPECT_EQ(conclude(made_up_explanation(128, 0, 9, 0.1)).confidence, "low");
  auto wrong_signs = made_up_explanation(128, 3, 2, 0.9);
  wrong_signs.growth.signs_differ = 2;
  EXPECT_EQ(conclude(wrong_signs).confidence, "moderate");
  EXPECT_EQ(conclude(wrong_signs).opposing.size(), 1U);
  // The dead directions of r are named, and that some directions shrink is evidence of nothing.
  ASSERT_GE(divided.beside.size(), 2U);
  EXPECT_NE(divided.beside[0].find("5 of 12 directions"), std::string::npos) << divided.beside[0];
  EXPECT_NE(divided.beside[1].find("no sign of either cause"), std::string::npos) << divided.beside[1];
}

TEST(Conclusion, IsRefusedOfTooFewImages) {
  EXPECT_EQ(images_needed(2048, 256), 8192);
  EXPECT_EQ(images_needed(12, 16), 128) << "four batches in each half";
  EXPECT_EQ(images_needed(100, 64), 512);
  const auto few = conclude(made_up_explanation(112, 3, 2, 0.9));
  EXPECT_EQ(few.confidence, "none");
  EXPECT_NE(few.finding.find("No conclusion: 112 images in batches of 16 are too few for 12 directions. Take 128"),
            std::string::npos)
      << few.finding;
  EXPECT_TRUE(few.supporting.empty());
  EXPECT_TRUE(few.opposing.empty());
}

}  // namespace
}  // namespace directclr::explain
