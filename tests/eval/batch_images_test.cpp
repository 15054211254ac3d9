#include "directclr/eval/batch_images.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "directclr/data/sources.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::eval {
namespace {

// Whatever the loader writes, the device gets the same numbers: those of bytes bit by bit, bfloat16 rounded once.
TEST(BatchImages, AreTheSameFromEveryFormat) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 24, 6);
  const auto source = data::open_idx(folder.path(), data::Split::kTrain, std::vector<std::string>(10, "class"));
  for (const char* preset : {"imagenet", "cifar", "fashion"}) {
    data::LoaderOptions options;
    options.augment.apply_preset(preset);
    options.augment.image_size = 40;
    options.augment.local_views = 3;
    options.batch_size = 8;
    data::LoaderOptions halves = options, bytes = options;
    halves.format = data::PixelFormat::kBFloat16;
    bytes.format = data::PixelFormat::kBytes;
    data::Loader of_floats(*source, options), of_halves(*source, halves), of_bytes(*source, bytes);
    const BatchImages images(options.augment, at::kCPU);
    int batches = 0;
    for (data::Batch a, b, c; of_floats.next(a) && of_halves.next(b) && of_bytes.next(c); ++batches) {
      const at::Tensor large = images.global_views(a), small = images.local_views(a);
      EXPECT_EQ(large.sizes(), (std::vector<int64_t>{16, 3, 40, 40}));
      EXPECT_EQ(small.size(0), 24);
      EXPECT_TRUE(large.is_contiguous(at::MemoryFormat::ChannelsLast));
      EXPECT_TRUE(images.global_views(c).is_contiguous(at::MemoryFormat::ChannelsLast));
      EXPECT_TRUE(test::identical(images.global_views(c), large)) << preset;
      EXPECT_TRUE(test::identical(images.local_views(c), small)) << preset;
      EXPECT_TRUE(at::equal(images.global_views(b), large.to(at::kBFloat16))) << preset;
      EXPECT_TRUE(at::equal(images.local_views(b), small.to(at::kBFloat16))) << preset;
      EXPECT_GT(large.std().item<double>(), 0.1) << "pictures, not nothing";
    }
    EXPECT_EQ(batches, 3);
  }
}

TEST(BatchImages, GoAsBytesToADeviceThatIsFarAway) {
  EXPECT_EQ(pixel_format_for(at::kCPU, false), data::PixelFormat::kFloat32);
  EXPECT_EQ(pixel_format_for(at::kCPU, true), data::PixelFormat::kBFloat16);
  EXPECT_EQ(pixel_format_for(c10::Device(at::kCUDA, 0), true), data::PixelFormat::kBytes);
}

}  // namespace
}  // namespace directclr::eval
