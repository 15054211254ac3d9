#include "directclr/core/settings.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr {
namespace {

struct Sample {
  int64_t count = 3;
  double rate = 0.1;
  bool on = true;
  std::string kind = "a";

  void describe(FieldList& f) {
    f.section("first");
    f.add("count", count, 1, 10, "how many");
    f.add("rate", rate, 0, 1, "how fast");
    f.section("second");
    f.add("on", on, "whether");
    f.add("kind", kind, "which", {"a", "bee"});
  }
};

using test::error_of;

TEST(Settings, ReadBackFromTomlExactly) {
  const test::TemporaryFolder folder;
  Sample written{7, 1.0 / 3.0, false, "bee"};
  const FieldList fields = fields_of(written);
  write_file(folder / "s.toml", write_toml(fields, "sample"));
  Sample read;
  FieldList target = fields_of(read);
  apply_toml(read_toml(folder / "s.toml"), target, "s.toml");
  EXPECT_EQ(read.count, 7);
  EXPECT_EQ(read.rate, 1.0 / 3.0);
  EXPECT_EQ(read.on, false);
  EXPECT_EQ(read.kind, "bee");
}

TEST(Settings, BecomeTheWordsThatSetThem) {
  bool on = true, off = false;
  int64_t number = 3;
  std::string empty;
  FieldList fields;
  fields.add("switched_on", on, "");
  fields.add("off", off, "");
  fields.add("number", number, 0, 9, "");
  fields.add("empty", empty, "");
  EXPECT_EQ(option_words(fields), (std::vector<std::string>{"--switched-on", "--no-off", "--number", "3"}));
}

TEST(Settings, RefuseWhatIsOutOfRange) {
  Sample sample;
  FieldList fields = fields_of(sample);
  EXPECT_EQ(error_of([&] { fields.find("count")->set("11", "--count"); }),
            "--count: 11 is out of range (allowed: 1 .. 10)");
  EXPECT_EQ(error_of([&] { fields.find("count")->set("two", "--count"); }),
            "--count: 'two' is not a whole number (how many)");
  EXPECT_EQ(error_of([&] { fields.find("rate")->set("nan", "--rate"); }),
            "--rate: nan is out of range (allowed: 0 .. 1)");
  EXPECT_EQ(error_of([&] { fields.find("kind")->set("be", "--kind"); }),
            "--kind: 'be' is not known (did you mean 'bee'? allowed: a | bee)");
}

TEST(Settings, NameUnknownKeysAndTheNearestOne) {
  Sample sample;
  FieldList fields = fields_of(sample);
  EXPECT_EQ(error_of([&] {
              apply_toml({{"first", "conut", "3"}}, fields, "x.toml");
            }),
            "x.toml: unknown key 'first.conut' (did you mean 'count'?)");
  EXPECT_EQ(error_of([&] {
              apply_toml({{"second", "count", "3"}}, fields, "x.toml");
            }),
            "x.toml: unknown key 'second.count' (it belongs in [first])");
}

TEST(Settings, NameTheLineOfASyntaxError) {
  const test::TemporaryFolder folder;
  write_file(folder / "bad.toml", "[first]\ncount = \n");
  const std::string message = error_of([&] { read_toml(folder / "bad.toml"); });
  EXPECT_NE(message.find("bad.toml:2"), std::string::npos) << message;
  // What toml++ asserts, and letters where TOML has none: in names, after values and strings, within numbers, escaped.
  for (const char* text :
       {"\n[=]", "\n[ .a]", "\n[#]", "\n[[.a]]", "\n[\xc3\xa9]", "#\xc3\xa9\n\xc3\xa9 = 1", "[a]\nb = 1\xc2\xa0",
        "[a]\nb = \"\\\"\xc3\xa9\" \xc3\xa9", "[a]\nb = 02n-\"[\xef\xba\xbf\"", "[a]\nb = \"\"\"\"\"\"\"\xc3\xa9",
        "[a]\nb = '\xc3\xa9", "[a]\nb = \"\"\"\\\xc3\xa9\"\"\""}) {
    write_file(folder / "bad.toml", text);
    EXPECT_NE(error_of([&] { read_toml(folder / "bad.toml"); }).find("bad.toml:2"), std::string::npos) << text;
  }
  write_file(folder / "good.toml",
             "\xEF\xBB\xBF# \xc3\xa9\n[a]\nb = \"\xc3\xa9\\\"\xc3\xa9\"\nc = '\xc3\xa9'\nd = \"\"\"\n\xc3\xa9\"\"\"\n"
             "e = \"\"\"a \\\n  \xc3\xa9\"\"\"\n");
  const auto good = read_toml(folder / "good.toml");
  ASSERT_EQ(good.size(), 4U);
  EXPECT_EQ(good[0].text, "\xc3\xa9\"\xc3\xa9");
  EXPECT_EQ(good[2].text, "\xc3\xa9");
  EXPECT_EQ(good[3].text, "a \xc3\xa9");
}

TEST(Settings, RefuseTwoFieldsOfOneName) {
  int64_t a = 0;
  FieldList fields;
  fields.add("x", a, 0, 1, "");
  EXPECT_THROW(fields.add("x", a, 0, 1, ""), std::logic_error);
}

}  // namespace
}  // namespace directclr
