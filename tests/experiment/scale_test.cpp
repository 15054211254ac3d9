#include "directclr/experiment/scale.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"

namespace directclr::experiment {
namespace {

settings::TrainSettings resolved(const std::string& name) {
  Scale scale = scales().at(name);
  if (scale.train.data.empty()) scale.train.data = "folder:images";
  scale.train.resolve(scale.given);
  return scale.train;
}

// Every setting that the paper's Appendix D gives, written out here by hand.
TEST(Scale, PaperIsThePapersProtocolFieldByField) {
  const auto s = resolved("paper");
  EXPECT_EQ(s.epochs, 100);
  EXPECT_EQ(s.batch_size, 4096);
  EXPECT_EQ(s.micro_batch, 0);
  EXPECT_EQ(s.limit, 0);
  EXPECT_TRUE(s.sync_batch_norm);
  EXPECT_TRUE(s.online_head);

  const auto shape = s.encoder.shape();
  EXPECT_TRUE(shape.bottleneck);
  EXPECT_EQ(std::vector<int64_t>(shape.blocks, shape.blocks + 4), (std::vector<int64_t>{3, 4, 6, 3}));
  EXPECT_EQ(shape.representation(), 2048);
  EXPECT_EQ(s.encoder.stem, "imagenet");
  EXPECT_TRUE(s.encoder.zero_init_residual);

  EXPECT_EQ(s.augment.image_size, 224);
  EXPECT_EQ(s.augment.crop_scale_min, 0.08);
  EXPECT_EQ(s.augment.crop_scale_max, 1);
  EXPECT_EQ(s.augment.interpolation, "bicubic");
  EXPECT_EQ(s.augment.flip_probability, 0.5);
  EXPECT_EQ(s.augment.jitter_probability, 0.8);
  EXPECT_EQ(s.augment.jitter_brightness, 0.4);
  EXPECT_EQ(s.augment.jitter_contrast, 0.4);
  EXPECT_EQ(s.augment.jitter_saturation, 0.2);
  EXPECT_EQ(s.augment.jitter_hue, 0.1);
  EXPECT_EQ(s.augment.grayscale_probability, 0.2);
  EXPECT_EQ(s.augment.blur_probability_a, 1);
  EXPECT_EQ(s.augment.blur_probability_b, 0.1);
  EXPECT_EQ(s.augment.blur_sigma_min, 0.1);
  EXPECT_EQ(s.augment.blur_sigma_max, 2);
  EXPECT_EQ(s.augment.solarize_probability_a, 0);
  EXPECT_EQ(s.augment.solarize_probability_b, 0.2);
  EXPECT_EQ(s.augment.normalize, "imagenet");
  EXPECT_EQ(s.augment.eval_crop_fraction, 224.0 / 256);

  EXPECT_EQ(s.loss.loss, "infonce");
  EXPECT_EQ(s.loss.tau, 0.1);

  EXPECT_EQ(s.optimizer.optimizer, "lars");
  EXPECT_DOUBLE_EQ(s.optimizer.lr, 4.8);
  EXPECT_EQ(s.optimizer.momentum, 0.9);
  EXPECT_EQ(s.optimizer.weight_decay, 1e-6);
  EXPECT_EQ(s.optimizer.lars_eta, 0.001);
  EXPECT_EQ(s.optimizer.warmup_epochs, 10);
  EXPECT_EQ(s.optimizer.final_lr_share, 0.001);

  EXPECT_EQ(s.projector.d0, 360);
  EXPECT_EQ(s.projector.projector_dim, 128);
  EXPECT_EQ(s.projector.mlp_depth, 2);
  EXPECT_EQ(s.projector.mlp_hidden, 2048);
  EXPECT_TRUE(s.projector.mlp_batch_norm);
  EXPECT_TRUE(s.projector.mlp_last_batch_norm);
  EXPECT_FALSE(s.projector.mlp_bias);

  const auto probe = scales().at("paper").evaluation.probe;
  EXPECT_FALSE(probe.cached);
  EXPECT_EQ(probe.probe_epochs, 100);
  EXPECT_EQ(probe.probe_batch_size, 256);
  EXPECT_EQ(probe.probe_lr, 0.1);
  EXPECT_EQ(probe.probe_momentum, 0.9);
  EXPECT_EQ(probe.probe_weight_decay, 1e-6);
}

TEST(Scale, EveryNameResolvesAndOthersAreRefused) {
  for (const auto& name : scales().names()) {
    EXPECT_EQ(scales().at(name).name, name);
    EXPECT_NO_THROW(resolved(name)) << name;
  }
  try {
    scales().at("cpus");
    FAIL() << "expected an error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'cpu'?"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace directclr::experiment
