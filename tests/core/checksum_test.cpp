#include "directclr/core/checksum.h"

#include <gtest/gtest.h>

#include <string>

namespace directclr {
namespace {

TEST(Crc32c, GivesTheCheckValue) { EXPECT_EQ(crc32c("123456789", 9), 0xE3069283U); }

TEST(Crc32c, ContinuesAcrossPieces) {
  const std::string text = "The quick brown fox jumps over the lazy dog, twice over.";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const uint32_t head = crc32c(text.data(), cut);
    EXPECT_EQ(crc32c(text.data() + cut, text.size() - cut, head), crc32c(text.data(), text.size())) << "cut " << cut;
  }
}

TEST(Fnv1a, GivesThePublishedValues) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325U);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace directclr
