#include "directclr/data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <thread>
#include <utility>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/data/sampler.h"
#include "directclr/data/sources.h"
#include "directclr/data/views.h"
#include "tests/support/golden.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace directclr::data {
namespace {

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    test::write_idx_set(folder_.path(), 53, 12);
    source_ = open_idx(folder_.path(), Split::kTrain, std::vector<std::string>(10, "class"));
    options_.augment.apply_preset("fashion");
    options_.augment.jitter_hue = 0.1;
    options_.augment.blur_probability_b = 0.5;
    options_.batch_size = 8;
    options_.end_epoch = 3;
    options_.seed = 4;
  }

  // A hash of everything the loader delivers, batch by batch.
  std::vector<uint64_t> hashes(const LoaderOptions& options) const {
    Loader loader(*source_, options);
    std::vector<uint64_t> result;
    for (Batch batch; loader.next(batch);) result.push_back(hash_of(batch, options));
    return result;
  }

  static uint64_t hash_of(const Batch& batch, const LoaderOptions& options) {
    const size_t floats =
        static_cast<size_t>(batch.views * batch.count * options.augment.image_size * options.augment.image_size * 3);
    uint64_t hash = fnv1a({reinterpret_cast<const char*>(batch.images), 4 * floats});
    const size_t small = static_cast<size_t>(batch.local_views * batch.count * options.augment.local_size *
                                             options.augment.local_size * 3);
    hash = fnv1a({reinterpret_cast<const char*>(batch.local_images), 4 * small}, hash);
    hash = fnv1a({reinterpret_cast<const char*>(batch.labels), 8 * static_cast<size_t>(batch.count)}, hash);
    return fnv1a({reinterpret_cast<const char*>(batch.indices), 4 * static_cast<size_t>(batch.count)}, hash);
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<Source> source_;
  LoaderOptions options_;
};

TEST_F(LoaderTest, DeliversTheSameBatchesForAnyNumberOfWorkers) {
  options_.workers = 1;
  const auto expected = hashes(options_);
  EXPECT_EQ(expected.size(), 3U * (53 / 8));
  for (const int64_t workers : {2, 4, 7}) {
    options_.workers = workers;
    EXPECT_EQ(hashes(options_), expected) << workers << " workers";
  }
}

TEST_F(LoaderTest, DeliversSmallViewsBesideTheSameLargeOnes) {
  options_.end_epoch = 1;
  LoaderOptions more = options_;
  more.augment.local_views = 3;
  EXPECT_NE(hashes(more), hashes(options_));
  const auto expected = hashes(more);
  more.workers = 4;
  EXPECT_EQ(hashes(more), expected) << "4 workers";
  Loader two(*source_, options_), five(*source_, more);
  const NormalizeTable table(more.augment.normalization());
  image::Image image;
  image::Planes planes;
  std::vector<float> view(14 * 14 * 3);
  for (Batch a, b; two.next(a) && five.next(b);) {
    EXPECT_EQ(a.local_views, 0);
    ASSERT_EQ(b.local_views, 3);
    const auto* large = static_cast<const float*>(a.images);
    ASSERT_TRUE(std::equal(large, large + 2 * a.count * 28 * 28 * 3, static_cast<const float*>(b.images)));
    // Small view k of image i lies at row k * count + i.
    for (int64_t k = 0; k < 3; ++k) {
      const uint32_t index = b.indices[5];
      source_->load(index, image);
      const ViewParams p =
          sample_view(more.augment, more.seed, b.epoch, index, static_cast<uint8_t>(2 + k), image.width, image.height);
      render_view(image, p, more.augment, planes);
      table.write(planes, PixelFormat::kFloat32, view.data());
      ASSERT_TRUE(std::equal(view.begin(), view.end(),
                             static_cast<const float*>(b.local_images) + (k * b.count + 5) * 14 * 14 * 3))
          << k;
    }
  }
}

TEST_F(LoaderTest, ContinuesExactlyWhereItIsToldTo) {
  const auto all = hashes(options_);
  for (const uint64_t skip : {1U, 5U, 6U, 13U}) {
    LoaderOptions resumed = options_;
    resumed.first_epoch = static_cast<uint32_t>(skip / 6);
    resumed.first_batch = skip % 6;
    EXPECT_EQ(hashes(resumed), std::vector<uint64_t>(all.begin() + static_cast<ptrdiff_t>(skip), all.end())) << skip;
  }
}

TEST_F(LoaderTest, ChangesWithTheSeed) {
  const auto first = hashes(options_);
  options_.seed = 5;
  EXPECT_NE(hashes(options_), first);
}

TEST_F(LoaderTest, KeepsTheLastBatchInOrderWhenAsked) {
  options_.transform = Transform::kEvaluation;
  options_.shuffle = false;
  options_.keep_last = true;
  options_.end_epoch = 1;
  Loader loader(*source_, options_);
  std::vector<uint32_t> seen;
  int64_t last = 0;
  for (Batch batch; loader.next(batch); last = batch.count) {
    EXPECT_EQ(batch.views, 1);
    seen.insert(seen.end(), batch.indices, batch.indices + batch.count);
    for (int64_t i = 0; i < batch.count; ++i) EXPECT_EQ(batch.labels[i], batch.indices[i] % 10);
  }
  std::vector<uint32_t> expected(53);
  std::iota(expected.begin(), expected.end(), 0U);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(last, 53 % 8);
}

TEST_F(LoaderTest, KeepsABatchAsLongAsItIsHeldAndUsesItsMemoryAgainAfterwards) {
  options_.augment.local_views = 1;
  options_.keep_last = true;
  const auto expected = hashes(options_);
  options_.memory = recycled_memory();
  std::vector<std::pair<Batch, std::shared_ptr<const void>>> held(expected.size());
  {
    Loader loader(*source_, options_);
    EXPECT_EQ(loader.keep(), nullptr);
    for (size_t i = 0; i < held.size(); ++i) {
      ASSERT_TRUE(loader.next(held[i].first));
      if (i % 2 == 1) continue;
      held[i].second = loader.keep();
      EXPECT_NE(held[i].second, nullptr);
      EXPECT_EQ(loader.keep(), nullptr) << "kept before";
    }
    Batch none;
    EXPECT_FALSE(loader.next(none));
    EXPECT_EQ(loader.keep(), nullptr);
  }
  for (size_t i = 0; i < held.size(); i += 2) EXPECT_EQ(hash_of(held[i].first, options_), expected[i]) << i;

  Loader loader(*source_, options_);
  std::set<const void*> places;
  Batch batch;
  for (std::shared_ptr<const void> last; loader.next(batch);) {
    last = loader.keep();
    places.insert(batch.images);
  }
  EXPECT_LE(places.size(), 5U) << "three in flight, the one held, and the one before it";
}

TEST_F(LoaderTest, RefusesABatchLargerThanTheData) {
  options_.batch_size = 54;
  EXPECT_THROW(Loader(*source_, options_), InputError);
}

TEST_F(LoaderTest, StopsCleanlyInTheMiddle) {
  options_.workers = 4;
  for (int i = 0; i < 20; ++i) {
    Loader loader(*source_, options_);
    Batch batch;
    for (int k = 0; k < i % 3; ++k) loader.next(batch);
  }
}

TEST(EpochOrder, IsAPermutationThatChangesWithTheEpoch) {
  const auto first = epoch_order(1, 0, 1000);
  EXPECT_EQ(std::set<uint32_t>(first.begin(), first.end()).size(), 1000U);
  EXPECT_NE(first, epoch_order(1, 1, 1000));
  EXPECT_EQ(first, epoch_order(1, 0, 1000));
  // With runs of 7: still each image once, in another order every epoch, sixteen runs at a time.
  for (const uint32_t count : {1000U, 7U, 5U, 112U}) {
    auto order = epoch_order(1, 0, count, 7);
    if (count == 1000) {
      EXPECT_NE(order, epoch_order(1, 1, count, 7));
      std::set<uint32_t> runs;
      for (size_t i = 0; i < size_t{16} * 7 - 7; ++i) runs.insert(order[i] / 7);  // the last run of all may be short
      EXPECT_LE(runs.size(), 16U);
      EXPECT_FALSE(std::is_sorted(order.begin(), order.begin() + 50));
    }
    std::sort(order.begin(), order.end());
    for (uint32_t i = 0; i < count; ++i) ASSERT_EQ(order[i], i) << "of " << count;
  }
}

// Whoever still reads a batch elsewhere is asked before its memory, given by them, goes to another batch or is given
// up.
TEST_F(LoaderTest, AsksBeforeABatchsMemoryIsUsedAgain) {
  options_.shuffle = false;
  options_.end_epoch = 2;  // 12 batches
  const std::vector<uint64_t> expected = hashes(options_);
  int64_t pieces = 0;
  options_.memory = [&](size_t bytes) {
    ++pieces;
    auto* const memory = new std::byte[bytes];
    return std::shared_ptr<std::byte>(memory, [&pieces](const std::byte* p) {
      --pieces;
      delete[] p;
    });
  };
  Batch held;
  int64_t asked = 0, delivered = 0;
  options_.before_reuse = [&] {
    ++asked;
    if (!held.indices) return;
    EXPECT_EQ(held.indices[0], held.number * 8) << "the slot is still this batch's";
  };
  EXPECT_EQ(hashes(options_), expected);
  EXPECT_EQ(asked, 12);
  asked = 0;
  {
    Loader loader(*source_, options_);
    EXPECT_EQ(pieces, 3 * 2) << "pixels and labels of three slots";
    for (Batch batch; delivered < 5 && loader.next(batch); ++delivered) {
      held = batch;
      EXPECT_EQ(asked, delivered) << "once for every batch before";
    }
  }
  EXPECT_EQ(asked, 5) << "the last, when the loader ends";
  EXPECT_EQ(pieces, 0);
}

class BrokenImages : public ::testing::Test {
 protected:
  BrokenImages() {
    for (int i = 0; i < 6; ++i) {
      std::filesystem::copy_file(test::fixture(i == 2 ? "truncated.jpg" : "rgb_444.jpg"),
                                 folder_ / ("image" + std::to_string(i) + ".jpg"));
    }
    source_ = open_folder(folder_.path(), Split::kTrain);
    options_.augment.apply_preset("cifar");
    options_.batch_size = 6;
  }
  test::TemporaryFolder folder_;
  std::unique_ptr<Source> source_;
  LoaderOptions options_;
};

TEST_F(BrokenImages, AreNamedInTheError) {
  Loader loader(*source_, options_);
  Batch batch;
  try {
    loader.next(batch);
    FAIL() << "expected an error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("image2.jpg: truncated JPEG"), std::string::npos) << error.what();
  }
}

TEST_F(BrokenImages, AreReplacedAndCountedWhenAsked) {
  options_.skip_bad = true;
  std::vector<std::string> notices;
  options_.notice = [&](const std::string& line) { notices.push_back(line); };
  Loader loader(*source_, options_);
  Batch batch;
  ASSERT_TRUE(loader.next(batch));
  EXPECT_EQ(batch.count, 6);
  EXPECT_EQ(loader.skipped(), 1U);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_NE(notices[0].find("image2.jpg: truncated JPEG"), std::string::npos) << notices[0];
}

}  // namespace
}  // namespace directclr::data
