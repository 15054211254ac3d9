#include "directclr/core/text.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "directclr/core/shell_word.h"

namespace directclr {
namespace {

TEST(ShellWord, IsTheSameWordToAShell) {
  for (const std::string word : {"runs/direct", "my runs/a", "", "it's", "a\"b", "$HOME", "`id`", "a\\b", "{1,2}", "*",
                                 "~", "a\tb", "caf\xc3\xa9", "-x", "#", "a;b&c|d"}) {
    FILE* const shell = ::popen(("printf '<%s>' " + shell_word(word)).c_str(), "r");
    ASSERT_NE(shell, nullptr);
    std::string seen(100, '\0');
    seen.resize(std::fread(seen.data(), 1, seen.size(), shell));
    ::pclose(shell);
    EXPECT_EQ(seen, "<" + word + ">");
  }
  EXPECT_EQ(shell_word("runs/direct-2_a.b"), "runs/direct-2_a.b") << "without need no quotes";
}

TEST(Nearest, FindsLikelyMisspellingsOnly) {
  const std::vector<std::string> words = {"train", "probe", "spectrum", "report"};
  EXPECT_EQ(nearest("trian", words), "train");
  EXPECT_EQ(nearest("spectra", words), "spectrum");
  EXPECT_EQ(nearest("zzzzzz", words), "");
}

TEST(FormatDuration, ReadsLikeAClock) {
  EXPECT_EQ(format_duration(0), "0.0 s");
  EXPECT_EQ(format_duration(9.94), "9.9 s");
  EXPECT_EQ(format_duration(9.96), "10 s");
  EXPECT_EQ(format_duration(59.6), "1 min 0 s");
  EXPECT_EQ(format_duration(75), "1 min 15 s");
  EXPECT_EQ(format_duration(3700), "1 h 1 min");
  EXPECT_EQ(format_duration(50 * 3600), "2 days 2 h");
  EXPECT_EQ(format_duration(1.0 / 0.0), "? s");
}

TEST(FormatNumber, ReadsBackExactly) {
  for (const double value : {0.1, 1e-6, 1.0 / 3.0, 4.8, -2.5e300}) {
    double back = 0;
    ASSERT_TRUE(parse_double(format_number(value), back));
    EXPECT_EQ(back, value);
  }
}

TEST(ParseInt, TakesWholeNumbersOnly) {
  int64_t value = 0;
  EXPECT_TRUE(parse_int("-12", value));
  EXPECT_EQ(value, -12);
  for (const char* text : {"", "1.5", "12x", "x", "99999999999999999999"}) EXPECT_FALSE(parse_int(text, value)) << text;
}

}  // namespace
}  // namespace directclr
