#include "directclr/io/row_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/tar.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "tests/support/array_matchers.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/json_printing.h"
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
  write_npy(folder_ / "vector.npy", Array::zeros({7}, DType::kFloat32));
  EXPECT_NE(error_of("vector.npy").find("got an array (7) (a single row"), std::string::npos) << error_of("vector.npy");
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

// Fixtures by tools/goldens/make_table_fixtures.py: sin(i + 10 j) is the mean over tokens, and over maps.
TEST(RowReader, PoolsTokensAndMaps) {
  const auto open = [](const char* name, const char* pool) {
    RowSettings settings;
    settings.pool = pool;
    return RowReader(test::fixture(std::string("files/") + name), "", settings);
  };
  const auto expect_shift = [&](RowReader reader, double shift) {
    ASSERT_EQ(reader.columns(), 3);
    const auto values = array::to_doubles(all_rows(reader, 7, DType::kFloat32));
    for (size_t k = 0; k < values.size(); ++k) {
      EXPECT_NEAR(values[k], std::sin(static_cast<double>(k / 3 + 10 * (k % 3))) + shift, 3e-7) << k;
    }
  };
  expect_shift(open("tokens.npy", "mean"), 0);
  expect_shift(open("tokens.npy", "cls"), -1);
  expect_shift(open("maps.npy", "mean"), 0);
  expect_shift(open("maps_channels_last.npy", "mean"), 0);
  EXPECT_EQ(open("tokens.npy", "mean").taken().text(),
            "read tokens.npy: float32 (20, 5, 3), mean over 5 tokens: (20, 3)");
  EXPECT_EQ(open("maps.npy", "mean").taken().text(),
            "read maps.npy: float32 (20, 3, 2, 2), mean over maps of 2 x 2, channels before them: (20, 3)");
  EXPECT_EQ(open("maps_channels_last.npy", "mean").taken().json().at("pooled"),
            "mean over maps of 2 x 2, channels last");
  EXPECT_EQ(open("tables/maps_of_one.npy", "none").taken().text(),
            "read maps_of_one.npy: float64 (20, 3, 1, 1), without axes of size 1: (20, 3)");
  RowReader flat = open("tokens.npy", "flatten");
  EXPECT_EQ(flat.columns(), 15);
  const array::Array rows = flat.next(20);
  EXPECT_EQ(array::to_doubles(rows), array::to_doubles(read_npy(test::fixture("files/tokens.npy"))));
}

TEST_F(RowReaderTest, SaysHowArraysOfMoreAxesBecomeRows) {
  const auto refused = [&](std::vector<int64_t> shape, const std::string& pool) {
    write_npy(folder_ / "a.npy", Array::zeros(std::move(shape), DType::kFloat32));
    RowSettings settings;
    settings.pool = pool;
    return test::error_of([&] { RowReader(folder_ / "a.npy", "", settings); });
  };
  EXPECT_NE(refused({4, 5, 3}, "none").find("choose --pool mean, cls or flatten"), std::string::npos);
  EXPECT_NE(refused({4, 3, 2, 2}, "none").find("choose --pool mean or flatten"), std::string::npos);
  EXPECT_NE(refused({4, 3, 2, 2}, "cls").find("choose --pool mean or flatten"), std::string::npos);
  EXPECT_NE(refused({4, 3, 3, 3}, "mean").find("cannot be told"), std::string::npos) << "either end may be the map";
  EXPECT_NE(refused({4, 3, 5, 2}, "mean").find("cannot be told"), std::string::npos);
  EXPECT_NE(refused({4, 3, 2, 2, 2}, "mean").find("--pool flatten"), std::string::npos);
  EXPECT_NE(refused({4, 0, 3}, "mean").find("holds no values"), std::string::npos);
  EXPECT_NE(refused({}, "mean").find("expected an (N, D) matrix"), std::string::npos);
  EXPECT_NE(refused({1, 5, 3}, "none").find("tokens"), std::string::npos) << "one sample, not five rows";
  EXPECT_NE(refused({1, 200, 6}, "none").find("drop the first axis: array[0]"), std::string::npos);
  EXPECT_EQ(refused({4, 1, 3}, "none"), "no error");
  for (const char* pool : {"mean", "cls"}) {  // an axis of 1 does not make tokens of a map
    EXPECT_NE(refused({4, 16, 1, 10}, pool), "no error");
    EXPECT_NE(refused({4, 1, 6, 9}, pool), "no error");
  }
  EXPECT_NE(refused({4, 16, 1, 10}, "mean").find("cannot be told"), std::string::npos);
  EXPECT_EQ(refused({4, 16, 1, 10}, "none").find("--pool mean"), std::string::npos) << "which would be refused";
  EXPECT_EQ(refused({4, 1, 7, 7}, "mean"), "no error") << "one channel";
  EXPECT_EQ(refused({4, 16, 1, 10}, "flatten"), "no error");
  EXPECT_EQ(refused({4, 3}, "mean"), "no error") << "there is nothing to pool";

  // In containers: a matrix before other arrays, which are meant where they are to be pooled.
  ArrayFile file;
  file.add("tokens", Array::zeros({4, 5, 3}, DType::kFloat32));
  write_safetensors(folder_ / "one.safetensors", file);
  EXPECT_NE(error_of("one.safetensors").find("choose --pool mean, cls or flatten"), std::string::npos);
  file.add("z", Array::zeros({4, 2}, DType::kFloat32));
  write_safetensors(folder_ / "two.safetensors", file);
  EXPECT_EQ(RowReader(folder_ / "two.safetensors", "").taken().text(),
            "read two.safetensors: tensor 'z', float32 (4, 2); passed over: 'tokens' float32 (4, 5, 3)");
  RowSettings mean;
  mean.pool = "mean";
  EXPECT_EQ(RowReader(folder_ / "two.safetensors", "tokens", mean).columns(), 3);
  EXPECT_NE(test::error_of([&] { RowReader(folder_ / "two.safetensors", "", mean); }).find("--tensor: tokens, z"),
            std::string::npos);
}

TEST_F(RowReaderTest, PatternsJoinArraysOfOneNameOnly) {
  const auto write = [&](const std::string& name, const std::vector<std::string>& tensors) {
    ArrayFile file;
    for (const auto& tensor : tensors) file.add(tensor, random_array({4, 3}, DType::kFloat32));
    write_safetensors(folder_ / name, file);
  };
  write("a.safetensors", {"emb"});
  write("b.safetensors", {"logits"});
  EXPECT_NE(error_of("?.safetensors")
                .find("b.safetensors: holds 'logits', but a.safetensors holds 'emb': these are no "
                      "parts of one matrix (--tensor NAME"),
            std::string::npos)
      << error_of("?.safetensors");
  write_npy(folder_ / "b.npy", random_array({4, 3}, DType::kFloat32));
  EXPECT_NE(error_of("[ab].[sn][ap]*").find("holds an array without a name"), std::string::npos);
  write("b.safetensors", {"emb", "logits"});
  EXPECT_EQ(RowReader(folder_ / "?.safetensors", "emb").rows(), 8);
  write("a.safetensors", {"emb", "logits"});
  EXPECT_EQ(RowReader(folder_ / "?.safetensors", "logits").taken().text(),
            "read ?.safetensors: tensor 'logits', float32 (8, 3) in 2 parts");
}

// What a .npy file holds, as a member of an archive.
std::string npy_member(const test::TemporaryFolder& folder, double value) {
  write_npy(folder / "member", Array::of({value, 0, 0}, {3}));
  return read_file(folder / "member");
}

TEST_F(RowReaderTest, ArchivesSayWhichSamplesHaveNoArray) {
  std::string archive;
  const auto add = [&](const std::string& name, const std::string& content) {
    archive += tar_header(name, content.size()) + content + std::string((512 - content.size() % 512) % 512, '\0');
  };
  for (const char* key : {"a/000", "a/001", "a/002"}) add(std::string(key) + ".jpg", "picture");
  add("a/000.npy", npy_member(folder_, 1));
  add("a/._000.npy", "resource fork");
  add("a/002.npy", npy_member(folder_, 2));
  add("a/000.npy", npy_member(folder_, 3));
  add("README", "text");
  write_file(folder_ / "W.TAR", archive + std::string(1024, '\0'));
  RowReader reader(folder_ / "W.TAR", "");
  EXPECT_EQ(
      reader.taken().text(),
      "read W.TAR: tensor 'npy', float64 (2, 3) in 2 parts; passed over: 1 sample without .npy (a/001), 1 array of "
      "a name that comes again, of which the last counts (a/000.npy), 1 hidden file (a/._000.npy), 1 file without "
      "a suffix (README)");
  const auto rows = array::to_doubles(reader.next(9));
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0], 3) << "the last of its name";
  EXPECT_EQ(rows[3], 2);
}

}  // namespace
}  // namespace directclr::io
