#include "directclr/data/views.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <map>
#include <set>

#include "directclr/core/philox.h"
#include "directclr/data/portable_math.h"
#include "tests/support/array_matchers.h"
#include "tests/support/golden.h"

namespace directclr::data {
namespace {

TEST(RenderView, EqualsTorchvisionsPipelineByteForByte) {
  const test::Golden golden("pipelines");
  ASSERT_EQ(golden.cases.size(), 400U);
  for (const auto& c : golden.cases) {
    AugmentSettings settings;
    ViewParams p;
    p.size = c.at("size").get<int>();
    const auto crop = c.at("crop").get<std::vector<int>>();
    p.crop = {crop[0], crop[1], crop[2], crop[3]};
    p.flip = c.at("flip").get<bool>();
    p.jitter = c.at("jitter").get<bool>();
    for (size_t i = 0; i < 4; ++i) p.order[i] = c.at("order")[i].get<uint8_t>();
    p.brightness = c.at("factors")[0].get<float>();
    p.contrast = c.at("factors")[1].get<float>();
    p.saturation = c.at("factors")[2].get<float>();
    p.hue = c.at("factors")[3].get<double>();
    p.grayscale = c.at("grayscale").get<bool>();
    p.blur_sigma = c.at("blur").get<double>();
    p.solarize = c.at("solarize").get<bool>();
    image::Planes out;
    render_view(golden.image(c.at("in").get<std::string>()), p, settings, out);
    const image::Image view = test::to_image(out);
    const auto crc = static_cast<uint32_t>(::crc32(0, view.pixels.data(), static_cast<unsigned>(view.pixels.size())));
    ASSERT_EQ(crc, c.at("crc32").get<uint32_t>()) << c.dump();
  }
}

TEST(RenderEvalView, EqualsResizeCenterCropToTensorNormalize) {
  const test::Golden golden("evaluation");
  for (const auto& c : golden.cases) {
    AugmentSettings settings;
    settings.image_size = c.at("size").get<int64_t>();
    settings.eval_crop_fraction = c.at("fraction").get<double>();
    image::Planes out;
    render_eval_view(golden.image(c.at("in").get<std::string>()), settings, out);
    array::Array actual = array::Array::empty({settings.image_size, settings.image_size, 3}, array::DType::kFloat32);
    NormalizeTable(settings.normalization()).write(out, PixelFormat::kFloat32, actual.mutable_data<float>());
    EXPECT_TRUE(test::identical(actual, golden[c.at("out").get<std::string>()])) << c.dump();
  }
}

TEST(SampleView, IsAPureFunctionOfItsKey) {
  const AugmentSettings settings;
  const ViewParams a = sample_view(settings, 1, 2, 3, 0, 500, 375);
  const ViewParams b = sample_view(settings, 1, 2, 3, 0, 500, 375);
  EXPECT_EQ(a.crop, b.crop);
  EXPECT_EQ(a.hue, b.hue);
  const ViewParams other = sample_view(settings, 1, 2, 3, 1, 500, 375);
  EXPECT_FALSE(a.crop == other.crop);
}

// Drawn shares against the probabilities set, at five standard deviations.
TEST(SampleView, FollowsTheProbabilitiesOfEachView) {
  const AugmentSettings s;
  constexpr int kDraws = 20000;
  for (uint8_t view = 0; view < 2; ++view) {
    std::map<std::string, int> seen;
    std::map<std::array<uint8_t, 4>, int> orders;
    double log_ratio = 0;
    for (int i = 0; i < kDraws; ++i) {
      const ViewParams p = sample_view(s, 9, 0, static_cast<uint64_t>(i), view, 400, 400);
      seen["flip"] += p.flip;
      seen["jitter"] += p.jitter;
      seen["gray"] += p.grayscale;
      seen["blur"] += p.blur_sigma > 0;
      seen["solarize"] += p.solarize;
      ++orders[p.order];
      log_ratio += std::log(static_cast<double>(p.crop.width) / p.crop.height);
      ASSERT_GE(p.crop.left, 0);
      ASSERT_LE(p.crop.left + p.crop.width, 400);
      ASSERT_LE(p.crop.top + p.crop.height, 400);
      ASSERT_TRUE(p.brightness >= 0.6F && p.brightness <= 1.4F);
      ASSERT_TRUE(std::abs(p.hue) <= 0.1);
    }
    const auto expect = [&](const char* name, double probability) {
      EXPECT_NEAR(seen[name], kDraws * probability, 5 * std::sqrt(kDraws * probability * (1 - probability)) + 1e-9)
          << name << " of view " << int{view};
    };
    expect("flip", 0.5);
    expect("jitter", 0.8);
    expect("gray", 0.2);
    expect("blur", view == 0 ? 1.0 : 0.1);
    expect("solarize", view == 0 ? 0.0 : 0.2);
    EXPECT_EQ(orders.size(), 24U);
    for (const auto& [order, count] : orders) EXPECT_NEAR(count, kDraws / 24.0, 5 * std::sqrt(kDraws / 24.0));
    EXPECT_NEAR(log_ratio / kDraws, 0, 5 * 0.17 / std::sqrt(kDraws));  // symmetric between wide and tall
  }
}

// Local views: of small parts, every second one as view a, and none of them a repetition of another stream.
TEST(SampleView, DrawsSmallViewsOfSmallParts) {
  AugmentSettings s;
  s.local_views = 4;
  constexpr int kDraws = 2000;
  std::array<int, 6> blurred{}, solarized{};
  for (uint64_t sample = 0; sample < kDraws; ++sample) {
    std::set<std::pair<int, int>> corners;
    for (uint8_t view = 0; view < s.views(); ++view) {
      const ViewParams p = sample_view(s, 9, 0, sample, view, 4000, 4000);
      ASSERT_EQ(p.size, view < 2 ? 224 : 96);
      const double share = static_cast<double>(p.crop.width) * p.crop.height / 16e6;
      ASSERT_GE(share, (view < 2 ? 0.08 : 0.05) - 0.001);
      ASSERT_LE(share, (view < 2 ? 1.0 : 0.14) + 0.001);
      blurred[view] += p.blur_sigma > 0;
      solarized[view] += p.solarize;
      corners.emplace(p.crop.left, p.crop.top);
    }
    const ViewParams probe = sample_crop_and_flip(s, 9, 0, sample, 4000, 4000);
    corners.emplace(probe.crop.left, probe.crop.top);
    ASSERT_GE(corners.size(), 6U) << "of seven crops of sample " << sample;  // a large one may start where another does
    const ViewParams alone = sample_view(AugmentSettings(), 9, 0, sample, 1, 4000, 4000);
    ASSERT_EQ(alone.crop, sample_view(s, 9, 0, sample, 1, 4000, 4000).crop) << "local views must not change the large";
  }
  for (size_t view = 2; view < 6; ++view) {
    const double blur = view % 2 == 0 ? 1.0 : 0.1, solarize = view % 2 == 0 ? 0.0 : 0.2;
    EXPECT_NEAR(blurred[view], kDraws * blur, 5 * std::sqrt(kDraws * blur * (1 - blur)) + 1e-9) << view;
    EXPECT_NEAR(solarized[view], kDraws * solarize, 5 * std::sqrt(kDraws * solarize * (1 - solarize)) + 1e-9) << view;
  }
}

TEST(SampleView, FallsBackToACentralCropOfAnImpossibleShape) {
  AugmentSettings s;
  s.crop_scale_min = s.crop_scale_max = 1;
  const ViewParams p = sample_view(s, 1, 0, 0, 0, 1000, 10);
  EXPECT_EQ(p.crop, (image::Box{493, 0, 13, 10}));  // 10 * 4/3, rounded, in the middle
}

TEST(PortableMath, AgreesWithTheLibraryToTheLastBits) {
  for (double x = -3; x <= 3; x += 0.001) EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 1e-15) << x;
  for (double x = 0.01; x <= 20; x += 0.013) EXPECT_NEAR(portable_log(x), std::log(x), 4e-15) << x;
}

}  // namespace
}  // namespace directclr::data
