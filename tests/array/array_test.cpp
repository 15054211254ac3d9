#include "directclr/array/array.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/support/array_matchers.h"
#include "tests/support/random_array.h"

namespace directclr::array {
namespace {

constexpr DType kAllTypes[] = {DType::kBool,     DType::kUint8,   DType::kInt8,   DType::kUint16, DType::kInt16,
                               DType::kUint32,   DType::kInt32,   DType::kUint64, DType::kInt64,  DType::kFloat16,
                               DType::kBFloat16, DType::kFloat32, DType::kFloat64};

template <class Half>
Half of_bits(uint32_t bits) {
  Half half;
  half.bits = static_cast<uint16_t>(bits);
  return half;
}

// What the bits of a number with so many bits of exponent and of fraction stand for, from IEEE 754's definition.
double meaning(uint32_t bits, int exponent_bits, int fraction_bits) {
  const double sign = bits >> 15 != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = static_cast<int>(bits) & ((1 << fraction_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == (1 << exponent_bits) - 1) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

// How a half is made of its bits, for tests of both.
struct Binary16 {
  using Half = Float16;
  static constexpr int kExponentBits = 5, kFractionBits = 10;
  static constexpr DType kType = DType::kFloat16;
};
struct Brain16 {
  using Half = BFloat16;
  static constexpr int kExponentBits = 8, kFractionBits = 7;
  static constexpr DType kType = DType::kBFloat16;
};

template <class Format>
class Half : public ::testing::Test {
 protected:
  static double meaning_of(uint32_t bits) { return meaning(bits, Format::kExponentBits, Format::kFractionBits); }
  static constexpr uint32_t kInfinity = ((1U << Format::kExponentBits) - 1) << Format::kFractionBits;
};
using Formats = ::testing::Types<Binary16, Brain16>;
TYPED_TEST_SUITE(Half, Formats);

TYPED_TEST(Half, WidensToWhatItsBitsMean) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double expected = this->meaning_of(bits);
    const auto half = of_bits<typename TypeParam::Half>(bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(half)) && std::isnan(static_cast<double>(half))) << bits;
      continue;
    }
    ASSERT_EQ(static_cast<double>(half), expected) << bits;
    ASSERT_EQ(std::bit_cast<uint32_t>(static_cast<float>(half)), std::bit_cast<uint32_t>(static_cast<float>(expected)))
        << bits;
  }
}

TYPED_TEST(Half, NarrowsEveryHalfToItself) {
  using Type = typename TypeParam::Half;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Type back(static_cast<float>(of_bits<Type>(bits)));
    if (std::isnan(this->meaning_of(bits))) {
      ASSERT_TRUE(std::isnan(this->meaning_of(back.bits))) << bits;
    } else {
      ASSERT_EQ(back.bits, bits);
    }
  }
}

// Between every two neighbours, infinity taken for the number that would follow the largest: the middle goes to the one
// whose last bit is 0, what lies beside it to the nearer, of both signs.
TYPED_TEST(Half, NarrowsToTheNearestTiesToEven) {
  using Type = typename TypeParam::Half;
  for (uint32_t low = 0; low < this->kInfinity; ++low) {
    const uint32_t high = low + 1;
    const double below = this->meaning_of(low);
    const double above = high < this->kInfinity ? this->meaning_of(high) : 2 * below - this->meaning_of(low - 1);
    const double middle = (below + above) / 2;
    const auto exact = static_cast<float>(middle);
    ASSERT_EQ(static_cast<double>(exact), middle) << "a float holds every middle; " << low;
    ASSERT_EQ(Type(exact).bits, low % 2 == 0 ? low : high) << low;
    ASSERT_EQ(Type(-exact).bits, 0x8000U | (low % 2 == 0 ? low : high)) << low;
    ASSERT_EQ(Type(std::nextafter(exact, 0.0F)).bits, low) << low;
    ASSERT_EQ(Type(std::nextafter(exact, INFINITY)).bits, high) << low;
    ASSERT_EQ(Type(-std::nextafter(exact, INFINITY)).bits, 0x8000U | high) << low;
  }
}

// From float64 at once, not by way of float32, which would make ties of numbers that are none.
TYPED_TEST(Half, OfADoubleIsRoundedOnce) {
  using Type = typename TypeParam::Half;
  std::vector<double> values;
  std::vector<uint32_t> expected;
  for (uint32_t low = 0; low + 1 < this->kInfinity; ++low) {
    const double middle = (this->meaning_of(low) + this->meaning_of(low + 1)) / 2;
    for (const double sign : {1.0, -1.0}) {
      const uint32_t minus = sign < 0 ? 0x8000U : 0;
      values.insert(values.end(),
                    {sign * std::nextafter(middle, 0.0), sign * middle, sign * std::nextafter(middle, INFINITY)});
      expected.insert(expected.end(), {minus | low, minus | (low % 2 == 0 ? low : low + 1), minus | (low + 1)});
    }
  }
  for (const double large : {1e39, 1e300, std::numeric_limits<double>::max(), double{INFINITY}}) {
    values.insert(values.end(), {large, -large});
    expected.insert(expected.end(), {this->kInfinity, 0x8000U | this->kInfinity});
  }
  values.insert(values.end(), {1e-300, -1e-300, 0.0, -0.0});
  expected.insert(expected.end(), {0, 0x8000, 0, 0x8000});
  const auto count = static_cast<int64_t>(values.size());
  const Array halves = Array::of(values, {count}).to(TypeParam::kType);
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(halves.values<Type>()[i].bits, expected[i]) << values[i];
  const Array none = Array::of({NAN}, {1}).to(TypeParam::kType);
  EXPECT_TRUE(std::isnan(static_cast<float>(none.data<Type>()[0])));
}

TEST(Float16, HasItsKnownLimits) {
  EXPECT_EQ(static_cast<float>(Float16(65519.99F)), 65504.0F);
  EXPECT_EQ(static_cast<float>(Float16(65520.0F)), INFINITY);
  EXPECT_EQ(static_cast<float>(Float16(-65520.0F)), -INFINITY);
  EXPECT_EQ(static_cast<float>(Float16(std::numeric_limits<float>::max())), INFINITY);
  EXPECT_EQ(static_cast<float>(Float16(0x1p-24F)), 0x1p-24F) << "the smallest";
  EXPECT_EQ(static_cast<float>(Float16(0x1p-25F)), 0.0F) << "half of it, a tie";
  EXPECT_EQ(static_cast<float>(Float16(0x1.8p-25F)), 0x1p-24F);
  EXPECT_EQ(Float16(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(Float16(0x1.FFCp-15F).bits, 0x400) << "between the largest subnormal and the smallest normal number";
  EXPECT_EQ(Float16(-0.0F).bits, 0x8000);
  EXPECT_TRUE(std::isnan(static_cast<float>(Float16(std::bit_cast<float>(0x7F800001U)))))
      << "a fraction that is cut off";
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::bit_cast<float>(0x7FFFFFFFU))))) << "one that carries";
}

TEST(DTypeTest, NamesAndSizesAreNumPys) {
  std::set<std::string> names;
  for (const DType type : kAllTypes) {
    const std::string name = name_of(type);
    names.insert(name);
    const size_t digits = name.find_first_of("0123456789");
    EXPECT_EQ(size_of(type), digits == std::string::npos ? 1 : std::stoul(name.substr(digits)) / 8) << name;
    EXPECT_EQ(is_floating(type), name.find("float") != std::string::npos) << name;
    EXPECT_EQ(with_type_of(type, [](auto like) { return DTypeOf<decltype(like)>::value; }), type) << name;
  }
  EXPECT_EQ(names, (std::set<std::string>{"bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64",
                                          "int64", "float16", "bfloat16", "float32", "float64"}));
}

// first, first + 1, ...
Array counted(std::vector<int64_t> shape, double first = 0) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  std::vector<double> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), first);
  return Array::of(values, std::move(shape));
}

TEST(ArrayTest, LiesRowAfterRow) {
  const Array a = counted({2, 3, 4});
  EXPECT_EQ(a.dtype(), DType::kFloat64);
  EXPECT_EQ(a.shape(), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(a.strides(), (std::vector<int64_t>{12, 4, 1}));
  EXPECT_EQ(a.dim(), 3);
  EXPECT_EQ(a.size(1), 3);
  EXPECT_EQ(a.numel(), 24);
  EXPECT_EQ(a.nbytes(), 192U);
  EXPECT_TRUE(a.is_contiguous());
  EXPECT_EQ(a.describe(), "float64 (2, 3, 4)");
  EXPECT_EQ(a.values<double>()[23], 23);
  EXPECT_EQ(Array::empty({3}, DType::kFloat32).describe(), "float32 (3)");
  for (const DType type : kAllTypes) {
    const Array zeros = Array::zeros({5, 3}, type);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(zeros.raw()) % 64, 0U);
    EXPECT_EQ(zeros.nbytes(), 15 * size_of(type));
    EXPECT_EQ(to_doubles(zeros), std::vector<double>(15, 0.0));
  }
}

TEST(ArrayTest, ViewsShareTheElements) {
  Array a = counted({4, 3});
  const Array same = a, part = a.slice(1, 4, 2), turned = a.transposed(), flat = a.reshaped({12}),
              kept = a.contiguous();
  a.mutable_data<double>()[3 * 3 + 1] = -1;  // (3, 1)
  EXPECT_EQ(same.values<double>()[10], -1);
  EXPECT_EQ(to_doubles(part), (std::vector<double>{3, 4, 5, 9, -1, 11}));
  EXPECT_EQ(part.strides(), (std::vector<int64_t>{6, 1}));
  EXPECT_FALSE(part.is_contiguous());
  EXPECT_EQ(turned.shape(), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(turned.strides(), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(to_doubles(turned), (std::vector<double>{0, 3, 6, 9, 1, 4, 7, -1, 2, 5, 8, 11}));
  EXPECT_EQ(to_doubles(turned.slice(1, 2)), (std::vector<double>{1, 4, 7, -1}));
  EXPECT_EQ(to_doubles(turned.slice(0, 3, 2).transposed()), (std::vector<double>{0, 2, 3, 5, 6, 8, 9, 11}));
  EXPECT_EQ(flat.values<double>()[10], -1);
  for (const Array* view : {&same, &turned, &flat, &kept}) EXPECT_EQ(view->raw(), a.raw());
  EXPECT_EQ(a.to(DType::kFloat64).raw(), a.raw());
  EXPECT_EQ(to_doubles(counted({2, 2, 3}).transposed()), (std::vector<double>{0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11}));
}

TEST(ArrayTest, SlicesAreCutOffAtTheEnd) {
  const Array a = counted({5});
  EXPECT_EQ(to_doubles(a.slice(3, 99)), (std::vector<double>{3, 4}));
  EXPECT_EQ(to_doubles(a.slice(0, 5, 2)), (std::vector<double>{0, 2, 4}));
  EXPECT_EQ(to_doubles(a.slice(1, 5, 2)), (std::vector<double>{1, 3}));
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(to_doubles(a.slice(1, kHuge, kHuge)), (std::vector<double>{1}));
  for (const Array& none : {a.slice(2, 2), a.slice(3, 1), a.slice(7, 9), a.slice(0, -1)}) {
    EXPECT_EQ(none.shape(), (std::vector<int64_t>{0}));
    EXPECT_TRUE(none.values<double>().empty());
  }
}

TEST(ArrayTest, CopiesAreTheirOwn) {
  Array a = counted({3, 2});
  const Array cloned = a.clone(), turned = a.transposed().contiguous(), narrow = a.to(DType::kFloat32);
  const Array chosen = a.rows(std::vector<int64_t>{2, 0, 2});
  for (double& value : a.mutable_values<double>()) value = -1;
  EXPECT_EQ(to_doubles(cloned), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(to_doubles(turned), (std::vector<double>{0, 2, 4, 1, 3, 5}));
  EXPECT_TRUE(turned.is_contiguous());
  EXPECT_EQ(narrow.dtype(), DType::kFloat32);
  EXPECT_EQ(to_doubles(narrow), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(chosen.shape(), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(to_doubles(chosen), (std::vector<double>{4, 5, 0, 1, 4, 5}));
}

TEST(ArrayTest, CopiesEveryTypeBitForBit) {
  for (const DType type : kAllTypes) {
    const Array a = test::random_array({4, 3, 5}, type);
    const Array twice = a.transposed().contiguous().transposed();
    EXPECT_FALSE(twice.is_contiguous());
    EXPECT_TRUE(test::identical(twice, a)) << a.describe();
    EXPECT_TRUE(test::identical(twice.clone(), a)) << a.describe();
    EXPECT_TRUE(test::identical(twice.rows(std::vector<int64_t>{1, 2}), a.slice(1, 3))) << a.describe();
    const Array every_third = a.slice(0, 4, 3).contiguous();
    EXPECT_EQ(std::memcmp(every_third.raw(), a.raw(), every_third.nbytes() / 2), 0);
  }
}

TEST(ArrayTest, RowsOfAViewOfOneRowAreRows) {
  const Array one = counted({4, 3}).slice(1, 2, 3);  // its stride leads outside, and means nothing
  EXPECT_TRUE(one.is_contiguous());
  EXPECT_EQ(to_doubles(one.rows(std::vector<int64_t>{0, 0})), (std::vector<double>{3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(to_doubles(one.reshaped({3, 1})), (std::vector<double>{3, 4, 5}));
  const Array column = counted({3, 4}).transposed().slice(2, 3).transposed();  // (3, 1)
  EXPECT_EQ(to_doubles(column.rows(std::vector<int64_t>{2, 1})), (std::vector<double>{10, 6}));
}

TEST(ArrayTest, ElementsLiveAsLongAsAView) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6});
  const std::weak_ptr<std::vector<float>> watched = owner;
  Array last;
  {
    Array whole = Array::view(owner->data(), DType::kFloat32, {3, 2}, {}, owner);
    owner.reset();
    last = whole.slice(1, 3).transposed();
    whole = Array();
  }
  ASSERT_FALSE(watched.expired());
  EXPECT_EQ(to_doubles(last), (std::vector<double>{3, 5, 4, 6}));
  const Array copy = last.contiguous();
  last = Array();
  EXPECT_TRUE(watched.expired()) << "a copy needs the owner no more";
  EXPECT_EQ(to_doubles(copy), (std::vector<double>{3, 5, 4, 6}));
}

TEST(ArrayTest, ViewsTakeAnyStrides) {
  std::vector<int32_t> memory = {0, 1, 2, 3, 4, 5, 6, 7};
  const Array windows = Array::view(memory.data(), DType::kInt32, {3, 4}, {2, 1});  // that overlap
  EXPECT_EQ(to_doubles(windows), (std::vector<double>{0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7}));
  const Array repeated = Array::view(memory.data() + 3, DType::kInt32, {2, 2}, {0, 1});
  EXPECT_EQ(to_doubles(repeated), (std::vector<double>{3, 4, 3, 4}));
  const Array backwards = Array::view(memory.data() + 7, DType::kInt32, {8}, {-1});
  EXPECT_EQ(to_doubles(backwards), (std::vector<double>{7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(to_doubles(backwards.slice(1, 8, 3)), (std::vector<double>{6, 3, 0}));
}

TEST(ArrayTest, MayHaveNoElements) {
  EXPECT_EQ(Array().shape(), (std::vector<int64_t>{0}));
  EXPECT_TRUE(to_doubles(Array()).empty());
  for (const DType type : kAllTypes) {
    for (const auto& shape : std::vector<std::vector<int64_t>>{{0}, {0, 4}, {4, 0}, {2, 0, 3}}) {
      const Array none = Array::zeros(shape, type);
      EXPECT_EQ(none.numel(), 0);
      EXPECT_EQ(none.nbytes(), 0U);
      for (const Array& view : {none, none.transposed(), none.clone(), none.to(DType::kInt8), none.slice(0, 9, 2)}) {
        EXPECT_TRUE(view.is_contiguous()) << view.describe();
        EXPECT_TRUE(to_doubles(view).empty());
      }
      EXPECT_EQ(none.reshaped({7, 0}).shape(), (std::vector<int64_t>{7, 0}));
    }
  }
  EXPECT_TRUE(counted({4, 3}).transposed().slice(0, 0).transposed().is_contiguous()) << "(4, 0), of strides (3, 1)";
  const std::vector<int64_t> many(100, 1);
  EXPECT_EQ(Array::zeros({2, 0}, DType::kFloat64).rows(many).shape(), (std::vector<int64_t>{100, 0}));
  EXPECT_EQ(counted({2, 3}).rows({}).shape(), (std::vector<int64_t>{0, 3}));
}

TEST(ArrayTest, MayHaveNoAxes) {
  const Array five = Array::of({5}, {});
  EXPECT_EQ(five.dim(), 0);
  EXPECT_EQ(five.numel(), 1);
  EXPECT_EQ(five.describe(), "float64 ()");
  EXPECT_EQ(five.to(DType::kInt16).data<int16_t>()[0], 5);
  EXPECT_EQ(to_doubles(five.transposed().clone()), (std::vector<double>{5}));
  EXPECT_EQ(five.reshaped({1, 1}).shape(), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(five.reshaped({1, 1}).reshaped({}).dim(), 0);
}

// Numbers that every type holds come through every pair of types; others are rounded as the language does.
TEST(ArrayTest, ConvertsBetweenAllTypes) {
  const Array small = counted({2, 3, 4}, 1);
  for (const DType from : kAllTypes) {
    for (const DType to : kAllTypes) {
      const bool truth = from == DType::kBool || to == DType::kBool;
      const Array expected = truth ? Array::of(std::vector<double>(24, 1), {2, 3, 4}) : small;
      const Array converted = small.to(from).to(to);
      EXPECT_EQ(converted.dtype(), to);
      EXPECT_TRUE(test::all_close(converted, expected, 0)) << name_of(from) << " to " << name_of(to);
      EXPECT_TRUE(test::all_close(small.to(from).transposed().to(to), expected.transposed(), 0))
          << name_of(from) << " to " << name_of(to) << ", turned";
    }
  }
  EXPECT_EQ(to_doubles(Array::of({2.9, -2.9, -0.5}, {3}).to(DType::kInt32)), (std::vector<double>{2, -2, 0}));
  EXPECT_EQ(to_doubles(Array::of({0, -0.0, 0.25, NAN}, {4}).to(DType::kBool)), (std::vector<double>{0, 0, 1, 1}));
  EXPECT_EQ(Array::of({0.1}, {1}).to(DType::kFloat32).data<float>()[0], 0.1F);
  Array large = Array::empty({2}, DType::kInt64);
  large.mutable_data<int64_t>()[0] = std::numeric_limits<int64_t>::max();
  large.mutable_data<int64_t>()[1] = -1;
  EXPECT_EQ(to_doubles(large), (std::vector<double>{0x1p63, -1}));
}

// A file may say that any bytes are truth values.
TEST(ArrayTest, TakesEveryByteButZeroForTrue) {
  std::vector<uint8_t> bytes = {0, 1, 2, 255};
  const Array truths = Array::view(bytes.data(), DType::kBool, {2, 2});
  EXPECT_EQ(to_doubles(truths), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(to_doubles(truths.transposed().contiguous()), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(to_doubles(truths.to(DType::kUint8)), (std::vector<double>{0, 1, 1, 1}));
}

TEST(ArrayTest, RefusesWhatItsContractsExclude) {
  Array a = counted({4, 3});
  const Array turned = a.transposed();
  EXPECT_THROW(a.data<float>(), std::invalid_argument);
  EXPECT_THROW(a.mutable_data<int64_t>(), std::invalid_argument);
  EXPECT_THROW(a.values<float>(), std::invalid_argument);
  EXPECT_THROW(turned.values<double>(), std::invalid_argument);
  EXPECT_THROW(a.transposed().mutable_values<double>(), std::invalid_argument);
  EXPECT_THROW(a.size(2), std::invalid_argument);
  EXPECT_THROW(a.size(-1), std::invalid_argument);
  EXPECT_THROW(a.slice(-1, 2), std::invalid_argument);
  EXPECT_THROW(a.slice(0, 2, 0), std::invalid_argument);
  EXPECT_THROW(Array::of({5}, {}).slice(0, 1), std::invalid_argument);
  EXPECT_THROW(Array::of({5}, {}).rows(std::vector<int64_t>{0}), std::invalid_argument);
  EXPECT_THROW(a.reshaped({4, 4}), std::invalid_argument);
  EXPECT_THROW(a.reshaped({-4, -3}), std::invalid_argument);
  EXPECT_THROW(turned.reshaped({12}), std::invalid_argument);
  EXPECT_THROW(a.rows(std::vector<int64_t>{0, 4}), std::invalid_argument);
  EXPECT_THROW(a.rows(std::vector<int64_t>{-1}), std::invalid_argument);
  EXPECT_THROW(Array::zeros({0, 3}, DType::kInt8).rows(std::vector<int64_t>{0}), std::invalid_argument);
  EXPECT_THROW(Array::of({1, 2, 3}, {2}), std::invalid_argument);
  EXPECT_THROW(Array::of({1}, {-1, -1}), std::invalid_argument);
  EXPECT_THROW(Array::empty({-1}, DType::kInt8), std::invalid_argument);
  double value = 0;
  EXPECT_THROW(Array::view(&value, DType::kFloat64, {1, 1}, {1}), std::invalid_argument);
  // Sizes whose product, or whose bytes, no number holds; an axis of 0 does not excuse the others.
  constexpr int64_t kHuge = int64_t{1} << 62;
  EXPECT_THROW(Array::empty({kHuge, 4}, DType::kInt8), std::invalid_argument);
  EXPECT_THROW(Array::empty({(int64_t{1} << 61) + 1}, DType::kFloat64), std::invalid_argument);
  EXPECT_THROW(Array::empty({0, kHuge, kHuge}, DType::kInt8), std::invalid_argument);
  EXPECT_THROW(Array::empty({kHuge, kHuge, 0}, DType::kInt8), std::invalid_argument);
  try {
    a.data<float>();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[Array] expected elements of type float32, got float64 (4, 3)");
  }
}

}  // namespace
}  // namespace directclr::array
