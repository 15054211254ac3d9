#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
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
using test::error_of;
using test::random_array;

// Every type, in the order in which the formats' names stand beside it.
constexpr struct {
  DType type;
  const char* npy;
  const char* safetensors;
} kTypes[] = {{DType::kBool, "|b1", "BOOL"},   {DType::kUint8, "|u1", "U8"},    {DType::kInt8, "|i1", "I8"},
              {DType::kUint16, "<u2", "U16"},  {DType::kInt16, "<i2", "I16"},   {DType::kUint32, "<u4", "U32"},
              {DType::kInt32, "<i4", "I32"},   {DType::kUint64, "<u8", "U64"},  {DType::kInt64, "<i8", "I64"},
              {DType::kFloat16, "<f2", "F16"}, {DType::kFloat32, "<f4", "F32"}, {DType::kFloat64, "<f8", "F64"},
              {DType::kBFloat16, "", "BF16"}};

// A file of one array, byte by byte as the formats' definitions say.
std::string npy_of(const char* type, const std::string& shape, const std::string& data) {
  const std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': " + shape + "}\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}
std::string safetensors_of(const char* type, const std::string& shape, const std::string& data) {
  const std::string header = std::string("{\"x\":{\"dtype\":\"") + type + "\",\"shape\":" + shape +
                             ",\"data_offsets\":[0," + std::to_string(data.size()) + "]}}";
  return static_cast<char>(header.size()) + std::string(7, '\0') + header + data;
}

TEST(ArraySpan, KnowsItsBytesOrThatThereAreNone) {
  constexpr int64_t kHuge = int64_t{1} << 62;
  EXPECT_EQ((ArraySpan{DType::kFloat16, {3, 5}}).bytes(), 30U);
  EXPECT_EQ((ArraySpan{DType::kFloat64, {}}).bytes(), 8U);
  EXPECT_EQ((ArraySpan{DType::kFloat64, {3, 0}}).bytes(), 0U);
  for (const auto& shape : std::vector<std::vector<int64_t>>{
           {-1}, {0, -1}, {kHuge}, {kHuge, 4}, {kHuge, kHuge, 0}, {0, kHuge, kHuge}, {1 << 30, 1 << 30}}) {
    EXPECT_EQ((ArraySpan{DType::kBool, shape}).bytes(), std::nullopt) << shape.size();
  }
  EXPECT_EQ((ArraySpan{DType::kFloat64, {1 << 30, 1 << 29}}).bytes(), uint64_t{1} << 62);
}

TEST(Npy, ReadsBackEveryType) {
  const test::TemporaryFolder folder;
  for (const auto& [type, name, unused] : kTypes) {
    if (type == DType::kBFloat16) continue;
    for (const Array& values : {random_array({3, 4}, type), random_array({2, 3, 5}, type), random_array({7}, type),
                                random_array({0, 4}, type), random_array({4, 0}, type), random_array({}, type),
                                random_array({4, 3}, type).transposed(), random_array({9, 2}, type).slice(1, 9, 3)}) {
      write_npy(folder / "a.npy", values);
      EXPECT_NE(read_file(folder / "a.npy").find(std::string("'descr': '") + name + "'"), std::string::npos);
      EXPECT_TRUE(test::identical(read_npy(folder / "a.npy"), values)) << values.describe();
    }
    const Array values = random_array({2, 3}, type);
    write_file(folder / "b.npy", npy_of(name, "(2, 3)", {static_cast<const char*>(values.raw()), values.nbytes()}));
    EXPECT_TRUE(test::identical(read_npy(folder / "b.npy"), values)) << name;
  }
  EXPECT_THROW(write_npy(folder / "a.npy", Array::zeros({2}, DType::kBFloat16)), std::invalid_argument);
}

TEST(Npy, RefusesDamagedFiles) {
  const test::TemporaryFolder folder;
  write_npy(folder / "a.npy", random_array({3, 4}, DType::kFloat32));
  const std::string good = read_file(folder / "a.npy");
  const auto read = [&](const std::string& bytes) {
    write_file(folder / "b.npy", bytes);
    return error_of([&] { read_npy(folder / "b.npy"); });
  };
  EXPECT_NE(read("hello").find("not a NumPy .npy file"), std::string::npos);
  EXPECT_NE(read(good.substr(0, good.size() - 1)).find("not as large as the header says"), std::string::npos);
  EXPECT_NE(read(good.substr(0, good.size() - 1)).find("(3, 4) float32, but 47 bytes of 48 (truncated?)"),
            std::string::npos);
  EXPECT_NE(read("").find("is empty"), std::string::npos);
  EXPECT_NE(read(good.substr(0, 40)).find("header is damaged"), std::string::npos);
  std::string huge = good;
  huge.replace(huge.find("(3, 4"), 5, "(9999");
  EXPECT_NE(read(huge), "no error");
  std::string negative = good;
  negative.replace(negative.find("(3, 4"), 5, "(-3,4");
  EXPECT_NE(read(negative).find("bad shape"), std::string::npos);
  for (const char* type : {"<c8", "<U1", "|O", "f4", "<f16", ""}) {
    EXPECT_NE(read(npy_of(type, "(1,)", "1234")).find("is not supported"), std::string::npos) << type;
  }
  std::string turned = good;
  turned.replace(turned.find("False"), 5, "True ");
  EXPECT_EQ(read(turned), "no error");
  // Sizes whose product does not fit any number, an axis of 0 among them too.
  for (const char* shape : {"(4611686018427387904, 4, 4)", "(4611686018427387904, 4611686018427387904, 0)",
                            "(0, 4611686018427387904, 4611686018427387904)"}) {
    EXPECT_NE(read(npy_of("<f8", shape, "")).find("not as large as the header says"), std::string::npos) << shape;
  }
}

TEST(Safetensors, ReadsBackArraysOrderAndMetadata) {
  const test::TemporaryFolder folder;
  ArrayFile file;
  file.add("z", random_array({3, 4}, DType::kFloat32));
  file.add("a", random_array({2}, DType::kBFloat16));
  file.add("scalar", Array::of({5}, {}).to(DType::kInt64));
  file.add("empty", Array::zeros({0, 3}, DType::kFloat32));
  Array pixels = random_array({2, 4, 5, 3}, DType::kFloat32);
  file.add("last", Array::view(pixels.mutable_raw(), DType::kFloat32, {2, 3, 4, 5}, {60, 1, 15, 3}));
  file.metadata["note"] = "hello \"world\"";
  write_safetensors(folder / "a.safetensors", file);
  const ArrayFile back = read_safetensors(folder / "a.safetensors");
  ASSERT_EQ(back.arrays.size(), file.arrays.size());
  for (size_t i = 0; i < file.arrays.size(); ++i) {
    EXPECT_EQ(back.arrays[i].first, file.arrays[i].first);
    EXPECT_TRUE(test::identical(back.arrays[i].second, file.arrays[i].second));
  }
  EXPECT_EQ(back.find("scalar")->data<int64_t>()[0], 5);
  EXPECT_EQ(back.find("last")->data<float>()[1], pixels.data<float>()[3]) << "row after row, not as in memory";
  EXPECT_EQ(back.find("nothing"), nullptr);
  EXPECT_EQ(back.metadata.at("note"), "hello \"world\"");
}

TEST(Safetensors, ReadsBackEveryType) {
  const test::TemporaryFolder folder;
  ArrayFile file;
  for (const auto& [type, unused, name] : kTypes) {
    file.add(name, random_array({3, 5}, type));
    const Array values = random_array({2, 3}, type);
    write_file(folder / "one",
               safetensors_of(name, "[2,3]", {static_cast<const char*>(values.raw()), values.nbytes()}));
    EXPECT_TRUE(test::identical(*read_safetensors(folder / "one").find("x"), values)) << name;
  }
  write_safetensors(folder / "all", file);
  const std::string bytes = read_file(folder / "all");
  const ArrayFile back = read_safetensors(folder / "all");
  for (const auto& [name, values] : file.arrays) {
    EXPECT_TRUE(test::identical(*back.find(name), values)) << name;
    EXPECT_NE(bytes.find("\"" + name + "\":{\"dtype\":\"" + name + "\",\"shape\":[3,5]"), std::string::npos) << name;
  }
}

TEST(Safetensors, RefusesTheSameNameTwice) {
  const test::TemporaryFolder folder;
  ArrayFile file;
  file.add("x", Array::zeros({1}, DType::kFloat32));
  file.add("x", Array::zeros({1}, DType::kFloat32));
  EXPECT_THROW(write_safetensors(folder / "a", file), std::invalid_argument);
}

TEST(Safetensors, RefusesDamagedFiles) {
  const test::TemporaryFolder folder;
  ArrayFile file;
  file.add("weights", random_array({16, 16}, DType::kFloat32));
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
  EXPECT_NE(read(safetensors_of("F8_E8M0", "[1]", "1")).find("elements of type F8_E8M0 (1), which is not supported"),
            std::string::npos);
  EXPECT_NE(read(safetensors_of("F64", "[4611686018427387904,4,4]", "")).find("not as large"), std::string::npos);
  EXPECT_NE(read(safetensors_of("F64", "[0,4611686018427387904,4,4]", "")).find("not as large"), std::string::npos);
  for (size_t at = 8; at < 150; ++at) {  // every damaged header is refused or harmless, never a crash
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x11);
    read(bad);
  }
}

}  // namespace
}  // namespace directclr::io
