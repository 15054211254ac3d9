#include "directclr/io/row_reader.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::io {
namespace {

class RowReaderTest : public ::testing::Test {
 protected:
  std::string error_of(const std::string& name, const std::string& tensor = "") {
    return test::error_of([&] { RowReader(folder_ / name, tensor); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(RowReaderTest, BlocksOfAnySizeAreTheMatrix) {
  at::manual_seed(1);
  for (const auto type : {at::kHalf, at::kFloat, at::kDouble}) {
    const at::Tensor matrix = at::randn({23, 5}).to(type);
    write_npy(folder_ / "m.npy", matrix);
    TensorFile file;
    file.add("labels", at::arange(23));
    file.add("features", matrix);
    write_safetensors(folder_ / "m.safetensors", file);
    for (const char* name : {"m.npy", "m.safetensors"}) {
      for (const int64_t block : {1, 7, 23, 100}) {
        RowReader reader(folder_ / name, "");
        EXPECT_EQ(reader.rows(), 23);
        std::vector<at::Tensor> parts;
        for (at::Tensor part = reader.next(block); part.size(0) > 0; part = reader.next(block)) parts.push_back(part);
        EXPECT_TRUE(at::equal(at::cat(parts), matrix)) << name << " " << type << " block " << block;
      }
    }
  }
  TensorFile brain;
  brain.add("z", at::randn({4, 3}).to(at::kBFloat16));
  write_safetensors(folder_ / "b.safetensors", brain);
  EXPECT_TRUE(at::equal(RowReader(folder_ / "b.safetensors", "z").next(9), brain.tensors[0].second));
}

TEST_F(RowReaderTest, TakesPartsForOneMatrix) {
  at::manual_seed(2);
  const at::Tensor matrix = at::randn({23, 5});
  for (const auto& [name, begin, end] : std::vector<std::tuple<const char*, int64_t, int64_t>>{
           {"part-0.npy", 0, 9}, {"part-1.npy", 9, 9}, {"part-2.npy", 9, 10}, {"part-3.npy", 10, 23}}) {
    write_npy(folder_ / name, matrix.slice(0, begin, end));
  }
  for (const int64_t block : {1, 4, 9, 100}) {
    RowReader reader(folder_ / "part-*.npy", "");
    EXPECT_EQ(reader.rows(), 23);
    std::vector<at::Tensor> parts;
    for (at::Tensor part = reader.next(block); part.size(0) > 0; part = reader.next(block)) parts.push_back(part);
    EXPECT_TRUE(at::equal(at::cat(parts), matrix)) << "block " << block;
  }
  EXPECT_NE(error_of("none-*.npy").find("no such files"), std::string::npos);
  write_npy(folder_ / "part-4.npy", at::zeros({2, 6}));
  EXPECT_NE(error_of("part-*.npy").find("part-4.npy: its rows are 6 numbers of type Float, those before 5"),
            std::string::npos)
      << error_of("part-*.npy");
}

TEST_F(RowReaderTest, NamesWhatItCannotRead) {
  EXPECT_NE(error_of("no.npy").find("cannot open"), std::string::npos) << error_of("no.npy");
  write_file(folder_ / "text.txt", "1 2 3");
  EXPECT_NE(error_of("text.txt").find("neither a run directory nor"), std::string::npos);
  write_npy(folder_ / "vector.npy", at::zeros({7}));
  EXPECT_NE(error_of("vector.npy").find("got Float (7)"), std::string::npos) << error_of("vector.npy");
  write_npy(folder_ / "labels.npy", at::zeros({7, 2}, at::kLong));
  EXPECT_NE(error_of("labels.npy").find("got Long (7, 2)"), std::string::npos) << error_of("labels.npy");
  TensorFile two;
  two.add("layer1.weight", at::zeros({3, 3}));
  two.add("layer2.weight", at::zeros({3, 3}));
  write_safetensors(folder_ / "two.safetensors", two);
  EXPECT_NE(error_of("two.safetensors").find("choose one with --tensor: layer1.weight, layer2.weight"),
            std::string::npos);
  EXPECT_NE(error_of("two.safetensors", "layer1.wieght").find("did you mean 'layer1.weight'?"), std::string::npos);
  const std::string whole = read_file(folder_ / "two.safetensors");
  write_file(folder_ / "cut.safetensors", whole.substr(0, whole.size() - 5));
  EXPECT_NE(error_of("cut.safetensors").find("lies outside the file"), std::string::npos);
}

}  // namespace
}  // namespace directclr::io
