#include <gtest/gtest.h>

#include "directclr/core/braces.h"
#include "directclr/core/printable.h"
#include "tests/support/error_of.h"

namespace directclr {
namespace {

TEST(Printable, KeepsUtf8AndEscapesTheRest) {
  EXPECT_EQ(printable("Größe \\ 𝛼"), "Größe \\ 𝛼");
  EXPECT_EQ(printable("d\xE9"), "d\\xE9");
  EXPECT_EQ(printable("a\nb\\"), "a\\x0Ab\\\\");
  EXPECT_EQ(printable("\xC2\x85"), "\\xC2\\x85");
  // Different names stay different.
  EXPECT_NE(printable("d\\xE9\n"), printable("d\xE9\n"));
  for (const char* bad : {"\xFF", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
    EXPECT_TRUE(is_utf8(printable(bad)));
  }
  EXPECT_TRUE(is_utf8("\xF4\x8F\xBF\xBF\xEF\xBF\xBF"));
}

TEST(Braces, ExpandAsTheShellDoes) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(expand_braces("a.tar"), Texts{"a.tar"});
  EXPECT_EQ(expand_braces("a{08..11}.tar"), (Texts{"a08.tar", "a09.tar", "a10.tar", "a11.tar"}));
  EXPECT_EQ(expand_braces("{2..0}"), (Texts{"2", "1", "0"}));
  EXPECT_EQ(expand_braces("{9..10}"), (Texts{"9", "10"}));
  EXPECT_EQ(expand_braces("{a,b{0..1}}-{x,y}"), (Texts{"a-x", "a-y", "b0-x", "b0-y", "b1-x", "b1-y"}));
  EXPECT_EQ(expand_braces("{x}{"), Texts{"{x}{"});
  EXPECT_EQ(expand_braces("{{a,b},c}}{5..5}{1..}"), (Texts{"a}5{1..}", "b}5{1..}", "c}5{1..}"}));
  EXPECT_EQ(expand_braces("{x{1..2}{,z}}"), (Texts{"{x1}", "{x1z}", "{x2}", "{x2z}"}));
  EXPECT_EQ(expand_braces("{000000..000127}").size(), 128u);
  EXPECT_NE(test::error_of([] { expand_braces("{0..99999999}"); }).find("more than a million"), std::string::npos);
  EXPECT_NE(test::error_of([] { expand_braces("{0..9999}{0..9999}"); }).find("more than a million"), std::string::npos);
  EXPECT_EQ(expand_braces("{{a,b}}{c"), (Texts{"{a}{c", "{b}{c"}));
  // Few characters that would fill the memory.
  EXPECT_NE(test::error_of([] { expand_braces("{" + std::string(500, '0') + "..9}"); }).find("500 digits"),
            std::string::npos);
  EXPECT_NE(test::error_of([] { expand_braces(std::string(1000, 'a') + "{1..999999}"); }).find("256 MiB"),
            std::string::npos);
}

}  // namespace
}  // namespace directclr
