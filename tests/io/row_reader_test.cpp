#include "directclr/io/row_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <tuple>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "tests/support/array_matchers.h"
#include "tests/support/error_of.h"
#include "tests/support/random_array.h"
#include "tests/support/temporary_folder.h"

namespace directclr::io {
namespace {

using array::Array;
using array::DType;
using test::random_array;

// All blocks, one after the other.
Array all_rows(RowReader& reader, int64_t block, DType type) {
  Array whole = Array::zeros({reader.rows(), reader.columns()}, type);
  int64_t row = 0;
  for (Array part = reader.next(block); part.size(0) > 0; part = reader.next(block)) {
    Array place = whole.slice(row, row + part.size(0));  // shorter where there are too many
    EXPECT_LE(part.size(0), block);
    EXPECT_EQ(part.describe(), place.describe());
    if (part.describe() != place.describe()) break;
    std::memcpy(place.mutable_raw(), part.raw(), part.nbytes());
    row += part.size(0);
  }
  EXPECT_EQ(row, reader.rows());
  return whole;
}

class RowReaderTest : public ::testing::Test {
 protected:
  std::string error_of(const std::string& name, const std::string& tensor = "") {
    return test::error_of([&] { RowReader(folder_ / name, tensor); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(RowReaderTest, BlocksOfAnySizeAreTheMatrix) {
  for (const auto type : {DType::kFloat16, DType::kFloat32, DType::kFloat64}) {
    const Array matrix = random_array({23, 5}, type);
    write_npy(folder_ / "m.npy", matrix);
    ArrayFile file;
    file.add("labels", random_array({23}, DType::kInt64));
    file.add("mask", random_array({23, 5}, DType::kBool));
    file.add("features", matrix);
    write_safetensors(folder_ / "m.safetensors", file);
    for (const char* name : {"m.npy", "m.safetensors"}) {
      for (const int64_t block : {1, 7, 23, 100}) {
        RowReader reader(folder_ / name, "");
        EXPECT_EQ(reader.rows(), 23);
        EXPECT_TRUE(test::identical(all_rows(reader, block, type), matrix))
            << name << " " << matrix.describe() << " block " << block;
      }
    }
  }
  ArrayFile brain;
  brain.add("z", random_array({4, 3}, DType::kBFloat16));
  write_safetensors(folder_ / "b.safetensors", brain);
  EXPECT_TRUE(test::identical(RowReader(folder_ / "b.safetensors", "z").next(9), brain.arrays[0].second));
}

TEST_F(RowReaderTest, TakesPartsForOneMatrix) {
  const Array matrix = random_array({23, 5}, DType::kFloat32, 2);
  for (const auto& [name, begin, end] : std::vector<std::tuple<const char*, int64_t, int64_t>>{
           {"part-0.npy", 0, 9}, {"part-1.npy", 9, 9}, {"part-2.npy", 9, 10}, {"part-3.npy", 10, 23}}) {
    write_npy(folder_ / name, matrix.slice(begin, end));
  }
  for (const int64_t block : {1, 4, 9, 100}) {
    RowReader reader(folder_ / "part-*.npy", "");
    EXPECT_EQ(reader.rows(), 23);
    EXPECT_TRUE(test::identical(all_rows(reader, block, matrix.dtype()), matrix)) << "block " << block;
  }
  EXPECT_NE(error_of("none-*.npy").find("no such files"), std::string::npos);
  write_npy(folder_ / "part-4.npy", Array::zeros({2, 6}, DType::kFloat32));
  EXPECT_NE(error_of("part-*.npy").find("part-4.npy: its rows are 6 numbers of type float32, those before 5"),
            std::string::npos)
      << error_of("part-*.npy");
}

TEST_F(RowReaderTest, NamesWhatItCannotRead) {
  EXPECT_NE(error_of("no.npy").find("cannot open"), std::string::npos) << error_of("no.npy");
  write_file(folder_ / "text.txt", "1 2 3");
  EXPECT_NE(error_of("text.txt").find("neither a run directory nor"), std::string::npos);
  write_npy(folder_ / "vector.npy", Array::zeros({7}, DType::kFloat32));
  EXPECT_NE(error_of("vector.npy").find("got float32 (7)"), std::string::npos) << error_of("vector.npy");
  write_npy(folder_ / "labels.npy", Array::zeros({7, 2}, DType::kInt64));
  EXPECT_NE(error_of("labels.npy").find("got int64 (7, 2)"), std::string::npos) << error_of("labels.npy");
  ArrayFile two;
  two.add("layer1.weight", Array::zeros({3, 3}, DType::kFloat32));
  two.add("layer2.weight", Array::zeros({3, 3}, DType::kFloat32));
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
