#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::io {
namespace {

using test::error_of;

TEST(Npy, ReadsBackEveryType) {
  const test::TemporaryFolder folder;
  for (const at::Tensor& tensor :
       {at::randn({3, 4}), at::randn({2, 3, 5}, at::kDouble), at::arange(7), at::zeros({0, 4}),
        at::ones({}, at::kFloat), at::arange(9).to(at::kByte), at::randn({4, 3}).t()}) {
    write_npy(folder / "a.npy", tensor);
    EXPECT_TRUE(test::identical(read_npy(folder / "a.npy"), tensor.contiguous())) << tensor.sizes();
  }
}

TEST(Npy, RefusesDamagedFiles) {
  const test::TemporaryFolder folder;
  write_npy(folder / "a.npy", at::randn({3, 4}));
  const std::string good = read_file(folder / "a.npy");
  const auto read = [&](const std::string& bytes) {
    write_file(folder / "b.npy", bytes);
    return error_of([&] { read_npy(folder / "b.npy"); });
  };
  EXPECT_NE(read("hello").find("not a NumPy .npy file"), std::string::npos);
  EXPECT_NE(read(good.substr(0, good.size() - 1)).find("not as large as the header says"), std::string::npos);
  EXPECT_NE(read(good.substr(0, 40)).find("header is damaged"), std::string::npos);
  std::string huge = good;
  huge.replace(huge.find("(3, 4"), 5, "(9999");
  EXPECT_NE(read(huge), "no error");
  std::string negative = good;
  negative.replace(negative.find("(3, 4"), 5, "(-3,4");
  EXPECT_NE(read(negative).find("bad shape"), std::string::npos);
}

TEST(Safetensors, ReadsBackTensorsOrderAndMetadata) {
  const test::TemporaryFolder folder;
  TensorFile file;
  file.add("z", at::randn({3, 4}));
  file.add("a", at::randn({2}, at::kDouble).to(at::kBFloat16));
  file.add("scalar", at::tensor(int64_t{5}));
  file.add("empty", at::zeros({0, 3}));
  file.add("last", at::randn({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast));
  file.metadata["note"] = "hello \"world\"";
  write_safetensors(folder / "a.safetensors", file);
  const TensorFile back = read_safetensors(folder / "a.safetensors");
  ASSERT_EQ(back.tensors.size(), file.tensors.size());
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    EXPECT_EQ(back.tensors[i].first, file.tensors[i].first);
    EXPECT_TRUE(test::identical(back.tensors[i].second, file.tensors[i].second.contiguous()));
  }
  EXPECT_EQ(back.metadata.at("note"), "hello \"world\"");
}

TEST(Safetensors, RefusesDamagedFiles) {
  const test::TemporaryFolder folder;
  TensorFile file;
  file.add("weights", at::randn({16, 16}));
  write_safetensors(folder / "a", file);
  const std::string good = read_file(folder / "a");
  const auto read = [&](const std::string& bytes) {
    write_file(folder / "b", bytes);
    return error_of([&] { read_safetensors(folder / "b"); });
  };
  std::string flipped = good;
  flipped[flipped.size() - 100] = static_cast<char>(flipped[flipped.size() - 100] ^ 1);
  EXPECT_NE(read(flipped).find("checksum mismatch"), std::string::npos);
  EXPECT_NE(read(good.substr(0, good.size() - 4)).find("outside the file"), std::string::npos);
  EXPECT_NE(read(good.substr(0, 20)).find("longer than the file"), std::string::npos);
  EXPECT_NE(read("").find("too short"), std::string::npos);
  EXPECT_NE(read(std::string(7, '\xFF') + "\x7F" + good.substr(8)).find("longer than the file"), std::string::npos);
  std::string lying = good;
  lying.replace(lying.find("[16,16]"), 7, "[16,99]");
  EXPECT_NE(read(lying).find("not as large as its shape says"), std::string::npos);
  for (size_t at = 8; at < 150; ++at) {  // every damaged header is refused or harmless, never a crash
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x11);
    read(bad);
  }
}

}  // namespace
}  // namespace directclr::io
