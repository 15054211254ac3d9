#include "directclr/image/formats.h"

#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/image/decode.h"
#include "directclr/image/exif.h"
#include "directclr/image/facts.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"

namespace directclr::image {
namespace {

std::string fixture_bytes(const std::string& name) { return read_file(test::fixture("formats/" + name)); }
std::string error_of_picture(const std::string& bytes) {
  return test::error_of([&] { decode(bytes, "x"); });
}

// WebP, BMP, TIFF, GIF and PNM in all their kinds, 16 bits, CMYK without Adobe's mark, photographs held in eight ways.
TEST(Formats, GivePillowsPixels) {
  const test::Golden golden("formats");
  ASSERT_GE(golden.cases.size(), 60u);
  for (const auto& c : golden.cases) {
    const auto name = c.at("file").get<std::string>();
    const bool upright = c.at("upright").get<bool>();
    const Image expected = golden.image(name);
    const std::string bytes = fixture_bytes(name);
    Image actual;
    ASSERT_EQ(test::error_of([&] { actual = decode(bytes, name, upright); }), "no error");
    EXPECT_EQ(actual.width, expected.width) << name;
    EXPECT_TRUE(test::same_bytes(actual.pixels, expected.pixels)) << name;
    if (!upright) {
      const Size size = read_size(bytes, name);
      EXPECT_EQ(size.width, expected.width) << name;
      EXPECT_EQ(size.height, expected.height) << name;
    } else {
      EXPECT_EQ(exif_orientation(bytes), c.at("orientation").get<int>()) << name;
      // As stored without the option; a region of a turned picture is one of the picture as it stands.
      if (turns_sideways(c.at("orientation").get<int>())) {
        EXPECT_EQ(decode(bytes, name).width, expected.height) << name;
      }
    }
    Region region;
    decode_region(
        bytes, name,
        [](Size whole) {
          return Box{whole.width / 2, 3, 2, whole.height / 2};
        },
        region, upright);
    EXPECT_EQ(region.whole.width, expected.width) << name;
    const int x = expected.width / 2, y = 3;
    const uint8_t* there = region.image.row(y - region.box.top) + 3 * (x - region.box.left);
    EXPECT_TRUE(std::equal(there, there + 6, expected.row(y) + 3 * x)) << name;
  }
}

TEST(Formats, GoByTheFirstBytes) {
  const auto name_of = [](const std::string& file) {
    const Format* format = format_of(fixture_bytes(file));
    return format ? format->name : "";
  };
  EXPECT_EQ(name_of("lossy.webp"), "WebP");
  EXPECT_EQ(name_of("L.bmp"), "BMP");
  EXPECT_EQ(name_of("fax.tiff"), "TIFF");
  EXPECT_EQ(name_of("plain.gif"), "GIF");
  EXPECT_EQ(name_of("text.pbm"), "PNM");
  EXPECT_EQ(format_of("BMW is a car, P5 a number"), nullptr);
  EXPECT_EQ(format_of("P5x"), nullptr);
  EXPECT_TRUE(has_picture_name("a.b/C.TIFF"));
  EXPECT_TRUE(has_picture_name("x.input.webp"));
  EXPECT_FALSE(has_picture_name("x.heic"));
  EXPECT_FALSE(has_picture_name("jpg"));
}

TEST(Formats, KnowWhatTheyDoNotRead) {
  using std::string_literals::operator""s;
  EXPECT_EQ(error_of_picture("\0\0\0\x18"
                             "ftypheic\0\0\0\0"s),
            "x: HEIF is not supported (convert it to one of JPEG, PNG, WebP, PNM, BMP, TIFF, GIF)");
  EXPECT_NE(error_of_picture("\0\0\0\x18"
                             "ftypavif"s)
                .find("AVIF is not supported"),
            std::string::npos);
  EXPECT_NE(error_of_picture("\xFF\x0Ajxl").find("JPEG XL is not supported"), std::string::npos);
  // A frame of 12 bits.
  std::string jpeg = read_file(test::fixture("rgb_444.jpg"));
  jpeg[jpeg.find("\xFF\xC0") + 4] = 12;
  EXPECT_EQ(error_of_picture(jpeg), "x: a JPEG of 12 bits is not supported (of 8 bits it is)");
  std::string gray = fixture_bytes("gray.tiff");
  const size_t compression = gray.find("\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00"s);
  ASSERT_NE(compression, std::string::npos);
  gray[compression + 8] = 6;  // JPEG as it once was
  EXPECT_NE(error_of_picture(gray).find("is not supported"), std::string::npos) << error_of_picture(gray);
}

TEST(Formats, NameTheKindOfTiffThatIsNotRead) {
  using std::string_literals::operator""s;
  const auto with_colours = [](char colours) {
    std::string tiff = fixture_bytes("plain.tiff");
    const size_t at = tiff.find("\x06\x01\x03\x00\x01\x00\x00\x00\x02\x00"s);
    tiff.at(at + 8) = colours;
    return error_of_picture(tiff);
  };
  EXPECT_EQ(with_colours(6),
            "x: a TIFF of 3 x 8 bits, whole numbers, YCbCr, not compressed is not supported (convert it to gray or RGB "
            "of 8 or 16 bits)");
  EXPECT_NE(with_colours(8).find("3 x 8 bits, whole numbers, Lab, not compressed"), std::string::npos);
  EXPECT_NE(with_colours(17).find("whole numbers, colours 17, not"), std::string::npos);
}

// Half a file of any kind is refused, and so is every header of 65,535 x 65,535: before memory is taken.
TEST(Formats, RefuseWhatIsCutAndWhatIsHuge) {
  for (const char* name : {"lossy.webp", "lossless.webp", "animated.webp", "RGB.bmp", "palette.bmp", "runs.bmp",
                           "runs_of_four.bmp", "plain.tiff", "tiff_lzw.tiff", "jpeg.tiff", "tiles.tiff", "planes.tiff",
                           "plain.gif", "interlaced.gif", "text.pgm", "text.pbm", "bytes.ppm", "wide.ppm"}) {
    const std::string whole = fixture_bytes(name);
    EXPECT_NE(error_of_picture(whole.substr(0, whole.size() / 2)), "no error") << name;
    EXPECT_NE(error_of_picture(whole.substr(0, 20)), "no error") << name;
  }
  const auto patched = [](const std::string& name, size_t at, const std::string& with) {
    return fixture_bytes(name).replace(at, with.size(), with);
  };
  EXPECT_EQ(error_of_picture(patched("plain.gif", 6, std::string(4, '\xFF'))), "x: larger than 2^28 pixels");
  using std::string_literals::operator""s;
  EXPECT_EQ(error_of_picture(patched("RGB.bmp", 18, "\xFF\xFF\0\0\xFF\xFF\0\0"s)), "x: larger than 2^28 pixels");
  EXPECT_EQ(error_of_picture("P6 65535 65535 255\n"), "x: larger than 2^28 pixels");
  EXPECT_EQ(error_of_picture("P5 0 7 255\n"), "x: damaged: a picture without pixels");
}

TEST(Facts, TellAnimationsBehindLongTextsAndCopiesFromPages) {
  using std::string_literals::operator""s;
  std::string png = fixture_bytes("animated.png");
  std::string text("\0\0\1\x2CtEXtacTL", 12);
  text += std::string(0x12C, 'x');  // 0x12C bytes of text, the four above among them, and the checksum
  constexpr size_t kAfterHeader = 33;
  EXPECT_TRUE(read_facts(png.insert(kAfterHeader, text), "x").animated);
  EXPECT_FALSE(read_facts(fixture_bytes("sixteen_bits.png").insert(kAfterHeader, text), "x").animated);
  // The second picture as a smaller copy of the first: what it says of rows in a strip makes room for it.
  const std::string tiff = fixture_bytes("several.tiff");
  const size_t rows = tiff.rfind("\x16\x01\x04\x00\x01\x00\x00\x00"s);
  ASSERT_GT(rows, tiff.size() / 2);
  const auto with_sort = [&](char sort) {
    std::string changed = tiff;
    changed.replace(rows, 12, "\xFE\x00\x04\x00\x01\x00\x00\x00"s + sort + "\x00\x00\x00"s);
    return read_facts(changed, "x");
  };
  EXPECT_TRUE(with_sort(0).paged);
  EXPECT_FALSE(with_sort(1).paged);
}

TEST(Facts, SayWhatIsUnusual) {
  const auto facts = [](const std::string& name) { return read_facts(fixture_bytes(name), name); };
  EXPECT_TRUE(facts("cmyk_without_adobe.jpg").cmyk);
  EXPECT_TRUE(facts("cmyk.tiff").cmyk);
  EXPECT_FALSE(facts("held_3.jpg").cmyk);
  EXPECT_EQ(facts("held_3.jpg").orientation, 3);
  EXPECT_EQ(facts("held_6.webp").orientation, 6);
  EXPECT_EQ(facts("held_7.png").orientation, 7);
  EXPECT_EQ(facts("turned.tiff").orientation, 1) << "it was turned already";
  EXPECT_EQ(facts("sixteen_bits.png").bits, 16);
  EXPECT_EQ(facts("sixteen_bit_gray.tiff").bits, 16);
  EXPECT_TRUE(facts("animated.webp").animated);
  EXPECT_TRUE(facts("animated.png").animated);
  EXPECT_TRUE(facts("animated.gif").animated);
  EXPECT_TRUE(facts("several.tiff").paged);
  for (const char* name : {"lossy.webp", "plain.gif", "interlaced.gif", "sixteen_bits.png"}) {
    EXPECT_FALSE(facts(name).animated) << name;
  }
  for (const char* name : {"plain.tiff", "tiles.tiff"}) EXPECT_FALSE(facts(name).paged) << name;
  EXPECT_EQ(facts("L.bmp").format->name, "BMP");
}

}  // namespace
}  // namespace directclr::image
