#include "directclr/causes/conclusion.h"

#include <gtest/gtest.h>

namespace directclr::causes {
namespace {

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
  e.weak = array::Array::zeros({2, 12}, array::DType::kFloat64);
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
  // Nothing beyond chance, and yet the weakest directions are mostly augmentation: that is not for certain.
  auto open = made_up_explanation(128, 0, 0, 0.9);
  EXPECT_EQ(conclude(open).confidence, "high");
  open.weak_share = 2.68;
  EXPECT_EQ(conclude(open).confidence, "moderate");
  ASSERT_EQ(conclude(open).opposing.size(), 1U);
  EXPECT_NE(conclude(open).opposing[0].find("spreads 2.68 times what the data spread. This may be chance"),
            std::string::npos)
      << conclude(open).opposing[0];
  open.last.contrast.negative_for_certain = open.eqn2.negative_for_certain = 1;
  EXPECT_EQ(conclude(open).confidence, "high") << "what is found says so itself";
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
}  // namespace directclr::causes
