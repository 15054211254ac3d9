// Which first lines of tables name the columns.
#include "directclr/io/text_heading.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/text_tables.h"

namespace directclr::io {
namespace {

using test::Numbers;

class TextHeadingTest : public test::TextTableTest {
 protected:
  // Rows of fractions, a line each: `before` the row's number, then `columns` sines.
  static std::string fractions(int columns, int rows = 40, const std::string& before = "", const char* after = "") {
    std::string text;
    for (int i = 0; i < rows; ++i) {
      if (!before.empty()) text += before + std::to_string(i) + (before.ends_with('/') ? ".png," : ",");
      for (int j = 0; j < columns; ++j) {
        text += (j > 0 ? "," : "") + std::to_string(std::sin(1 + i + 7 * columns * j));
      }
      text += std::string(after) + "\n";
    }
    return text;
  }
  static std::string line_of(const std::vector<std::string>& names) {
    std::string line;
    for (const auto& name : names) line += (line.empty() ? "" : ",") + name;
    return line + "\n";
  }
  const std::vector<std::vector<std::string>> unusual_ = {
      {"0", "1", "2", "0", "1", "2"},              // of tables set side by side
      {"0", "1", "2", "0.1", "1.1", "2.1"},        // the same, read and written by pandas
      {"0.0", "1.0", "2.0", "3.0", "4.0", "5.0"},  // names that are floating numbers
      {"311", "17", "402", "5", "99", "250"},      // columns that were chosen
      {"5", "4", "3", "2", "1", "0"},
      {"-3", "-2", "-1", "0", "1", "2"}};
};

TEST_F(TextHeadingTest, NumbersThatNoRowHoldsAreNotMeasured) {
  RowSettings yes, no;
  yes.heading = "yes";
  no.heading = "no";
  for (const auto& names : unusual_) {
    const std::string table = line_of(names) + fractions(6);
    SCOPED_TRACE(names[0] + "," + names[1] + "," + names[2] + "," + names[3]);
    EXPECT_HAS(error_of(table),
               "line 1 may name the columns by numbers or be the first row (say --heading yes or --heading no)");
    EXPECT_EQ(read(table, yes), read(fractions(6), no));
    EXPECT_EQ(read(table, no).size(), 41U);
    // Beside another sign of a heading there is no doubt.
    EXPECT_EQ(read("," + line_of(names) + fractions(6, 40, " ")), read(fractions(6), no)) << "an index without a name";
    EXPECT_EQ(read("path," + line_of(names) + fractions(6, 40, "train/")), read(fractions(6), no)) << "over paths";
    EXPECT_EQ(read("id," + line_of(names) + fractions(6, 40, " ")), read(fractions(6), no)) << "beside a word";
  }
}

TEST_F(TextHeadingTest, RowsWithoutFractionsAreRows) {
  RowSettings no;
  no.heading = "no";
  const auto row = [&](const std::string& first, const std::string& below) {
    const std::string table = first + "\n" + below;
    return read(table) == read(table, no);
  };
  EXPECT_TRUE(row("0.0,0.0,0.0,0.0", fractions(4))) << "padding";
  EXPECT_TRUE(row("1,0,0,0", fractions(4))) << "nearly all zeros";
  EXPECT_TRUE(row("7,3,9", "0.5,1,2.5\n4,2,7\n1.5,2.5,3\n")) << "of which there are more";
  EXPECT_TRUE(row("7,3,9", "5,1,2\n4,2,7\n1,2,3\n")) << "counts";
  EXPECT_TRUE(row("7,0.5,9", fractions(3)));
  EXPECT_TRUE(row("b/x.png,7,3,9", fractions(3, 3, "train/"))) << "too few to tell";
}

TEST_F(TextHeadingTest, NamesOfLettersAndDigitsAreNames) {
  for (const char* letter : {"d", "e", "E", "D", "_"}) {
    const std::string heading = std::string(letter) + "0," + letter + "1," + letter + "2\n";
    EXPECT_EQ(read(heading + fractions(3)).size(), 40U) << heading;
    EXPECT_HAS(taken(heading + fractions(3)), "line 1 names the columns");
  }
}

TEST_F(TextHeadingTest, ARowOfGapsIsNoHeading) {
  EXPECT_HAS(error_of("NA,NA,NA\n" + fractions(3)), "line 1, column 1 is a gap, 'NA' (--skip-nonfinite");
  EXPECT_HAS(error_of("nan,nan,nan\n" + fractions(3)), "line 1, column 1: 'nan' is not finite");
  RowSettings gaps;
  gaps.gaps_are_nan = true;
  EXPECT_EQ(read("NA,NA,NA\n" + fractions(3), gaps).size(), 41U);
  EXPECT_EQ(read("a,NA,null\n" + fractions(3)).size(), 40U) << "names";
}

TEST_F(TextHeadingTest, ASecondLineOfNamesIsRefused) {
  RowSettings gaps, yes;
  gaps.gaps_are_nan = true;
  yes.heading = "yes";
  for (const char* heading : {",a,a,b,b\n,0,1,2,3\n", ",a,a,b,b\n,0,1,0,1\n", ",0,0,1,1\n,0,1,0,1\n",
                              ",a,a,b,b\n,x,y,x,y\n", "t,a,b,c,d\ns,kg,m,m,K\n"}) {
    const std::string table = heading + fractions(4, 40, " ");
    EXPECT_HAS(error_of(table), "line 2 names the columns, as line 1 does (write one line of names, in pandas");
    EXPECT_HAS(error_of(table, gaps), "line 2 names the columns");
  }
  EXPECT_HAS(error_of("a,a,b,b\n0,1,0,1\n" + fractions(4)), "line 2 names the columns");
  EXPECT_EQ(read("a,a,b,b\n0,1,0,1\n" + fractions(4), yes).size(), 41U) << "the setting decides";
  EXPECT_EQ(read("a,b,c\n1,2,3\n4,5,6\n7,8,9\n").size(), 3U) << "counts below a heading";
  EXPECT_EQ(read("a,b,c\n0,0,0\n" + fractions(3)).size(), 41U);
}

// What is wrong is the cell, not what the line is.
TEST_F(TextHeadingTest, ACellThatIsNoNumberInTheFirstLineIsNamedAsSuch) {
  EXPECT_HAS(error_of("\xE2\x88\x92"
                      "0.5,1.5\n2.5,3.5\n\xE2\x88\x92"
                      "4.5,5.5\n6.5,7.5\n8.5,9.5\n"),
             "line 1, column 1: '\xE2\x88\x92"
             "0.5' is no number (its minus is U+2212: write - in its place)");
  EXPECT_HAS(error_of("\xE2\x88\x92"
                      "0.5,1.5\n2.5,3.5\n"),
             "its minus is U+2212");
  EXPECT_HAS(error_of("\"1,234.5\",1.5\n2.5,3.5\n\"4,567.5\",5.5\n6.5,7.5\n8.5,9.5\n"),
             "line 1, column 1: '1,234.5' is no number (it has signs between thousands: write numbers without them)");
  EXPECT_HAS(error_of("2.5,3.5\n1'234.5,1.5\n6.5,7.5\n"), "line 2, column 1: '1'234.5' is no number (it has signs");
  EXPECT_HAS(error_of("2024-01,1.5\n2.5,3.5\n"), "'2024-01' is no number (--heading yes if");
}

TEST_F(TextHeadingTest, AHeadingAloneHoldsNoRows) {
  EXPECT_HAS(error_of("a,b\n"), "no rows follow line 1");
  EXPECT_HAS(error_of("# by hand\na;b\n\n"), "no rows follow line 2");
}

}  // namespace
}  // namespace directclr::io
