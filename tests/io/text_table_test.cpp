// Tables of text, and what a RowReader takes them for; fixtures by tools/goldens/make_table_fixtures.py.
#include "directclr/io/text_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/io/row_reader.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/json_printing.h"
#include "tests/support/text_tables.h"

namespace directclr::io {
namespace {

using test::Numbers;
using test::TextTableTest;

TEST(TextTables, HoldTheSameNumbersInEveryDialect) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::fixture("files/tables"))) {
    SCOPED_TRACE(entry.path().filename().string());
    RowReader reader(entry.path(), "");
    ASSERT_EQ(reader.rows(), 20) << reader.taken().text();
    ASSERT_EQ(reader.columns(), 3) << reader.taken().text();
    const array::Array all = reader.next(20);
    const auto values = array::to_doubles(all);
    array::Array expected = array::Array::empty({20, 3}, array::DType::kFloat64);
    for (int64_t i = 0; i < 20; ++i) {
      for (int64_t j = 0; j < 3; ++j) {
        expected.mutable_data<double>()[3 * i + j] = std::sin(static_cast<double>(i + 10 * j));
      }
    }
    const auto right = array::to_doubles(expected.to(all.dtype()));
    // The fixtures' sines are NumPy's: at most one bit from this machine's.
    for (size_t k = 0; k < values.size(); ++k) EXPECT_DOUBLE_EQ(values[k], right[k]) << k;
    ++files;
  }
  EXPECT_EQ(files, 42);
}

// The same to the last bit, whichever way.
TEST(TextTables, AreAsGoodAsArrays) {
  const auto folder = test::fixture("files/tables");
  const auto bits = [](const std::filesystem::path& path) {
    RowReader reader(path, "");
    return array::to_doubles(reader.next(reader.rows()));
  };
  const auto expected = bits(folder / "array.npy");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "single.npy" || name == "half.npy") continue;
    EXPECT_EQ(bits(entry.path()), expected) << name;
  }
}

TEST_F(TextTableTest, SeparatorsAndDecimalSignsAreToldApart) {
  const Numbers expected = {{1.5, -2.5, 3}, {4.25, 5, 6.5}};
  for (const char* content :
       {"1.5,-2.5,3\n4.25,5,6.5", "1.5;-2.5;3\n4.25;5;6.5\n", "1.5\t-2.5\t3\n4.25\t5\t6.5\n",
        "1.5|-2.5|3\n4.25|5|6.5\n", "1.5 -2.5 3\n 4.25   5 6.5 \n", "1,5;-2,5;3\n4,25;5;6,5\n",
        "1,5\t-2,5\t3\n4,25\t5\t6,5\n", "\"1,5\",\"-2,5\",\"3,0\"\n\"4,25\",\"5,0\",\"6,5\"\n",
        "1,5 -2,5 3,0\n4,25 5,0 6,5\n", "1.5 , -2.5 , 3\r\n4.25 , 5 , 6.5\r\n", "1.5, -2.5, 3\r4.25, 5, 6.5\r",
        "+1.5,-2.5,+3\n+4.25,+5,+6.5\n", "15e-1,-0.25E+1,3.\n4.25,5,6.5\n",
        "\xEF\xBB\xBF"
        "1.5,-2.5,3\n4.25,5,6.5\n",
        "sep=;\n1,5;-2,5;3\n4,25;5;6,5\n", "# by hand\n1.5,-2.5,3\n\n# and\n4.25,5,6.5\n\n",
        "a,b,c\n1.5,-2.5,3\n4.25,5,6.5\n", "a,b,c,\n1.5,-2.5,3,\n4.25,5,6.5,\n",
        "\"x, y\";b;c\n1,5;-2,5;3\n4,25;5;6,5"}) {
    EXPECT_EQ(read(content), expected) << content;
  }
  EXPECT_EQ(read("1.5\n2.5\n"), (Numbers{{1.5}, {2.5}})) << "one column";
  EXPECT_EQ(read("x\n1.5\n2.5\n"), (Numbers{{1.5}, {2.5}}));
  EXPECT_EQ(read("1e-400,1.5\n-0.0,2.5\n"), (Numbers{{0, 1.5}, {0, 2.5}})) << "too small is 0";
}

TEST_F(TextTableTest, WhatCanBeReadInTwoWaysIsRefusedAndTheSettingDecides) {
  RowSettings comma, separator, yes, no;
  comma.decimal = "comma";
  separator.separator = "comma";
  yes.heading = "yes";
  no.heading = "no";
  // Thousands or fractions.
  EXPECT_HAS(error_of("1,234;5,678\n9,012;3,456\n"), "between thousands (say --decimal comma");
  EXPECT_EQ(read("1,234;5,678\n9,012;3,456\n", comma), (Numbers{{1.234, 5.678}, {9.012, 3.456}}));
  EXPECT_EQ(read("1,234;5,678\n0,012;3,456\n"), (Numbers{{1.234, 5.678}, {0.012, 3.456}}))
      << "no thousands begin with 0";
  EXPECT_HAS(error_of("1.234,5;2,5\n3,5;4,5\n"), "'1.234,5' is no number");
  // Two whole numbers or one fraction.
  EXPECT_HAS(error_of("1,5\n2,7\n"), "say --separator comma for two");
  EXPECT_EQ(read("1,5\n2,7\n", separator), (Numbers{{1, 5}, {2, 7}}));
  comma.separator = "tab";
  EXPECT_EQ(read("1,5\n2,7\n", comma), (Numbers{{1.5}, {2.7}}));
  // Commas or blanks between.
  EXPECT_HAS(error_of("1 2,3 4\n5 6,7 8\n"), "before fractions or between cells (say --decimal comma");
  EXPECT_HAS(error_of("0.1,0.2 0.3,0.4\n0.5,0.6 0.7,0.8\n"), "is no number");
  // A heading of numbers, or a row.
  EXPECT_HAS(error_of("1,2,3\n4,5,6\n7,8,9\n"), "line 1 may name the columns by numbers or be the first row");
  EXPECT_EQ(read("1,2,3\n4,5,6\n7,8,9\n", no).size(), 3U);
  EXPECT_EQ(read("1,2,3\n4,5,6\n7,8,9\n", yes), (Numbers{{4, 5, 6}, {7, 8, 9}}));
  EXPECT_HAS(error_of("0\n1.5\n2.5\n"), "--heading yes or --heading no");
  // A first row with a word is no heading.
  EXPECT_HAS(error_of("0.5,x,0.25\n1.5,2.5,3.5\n"), "line 1, column 2: 'x' is no number");
}

TEST_F(TextTableTest, HeadingsOfNumbersAreHeadings) {
  EXPECT_EQ(read("0,1,2\n0.5,1.5,2.5\n3.5,4.5,5.5\n"), (Numbers{{0.5, 1.5, 2.5}, {3.5, 4.5, 5.5}}));
  EXPECT_HAS(taken("0,1,2\n0.5,1.5,2.5\n3.5,4.5,5.5\n"), "line 1 names the columns by numbers");
  EXPECT_EQ(read(",0,1\n0,0.5,1.5\n1,3.5,4.5\n"), (Numbers{{0.5, 1.5}, {3.5, 4.5}})) << "pandas";
  EXPECT_EQ(read("\"5\",\"9\"\n0.5,1.5\n3.5,4.5\n"), (Numbers{{0.5, 1.5}, {3.5, 4.5}})) << "quoted above plain numbers";
  EXPECT_EQ(read("id,0,1\n7,0.5,1.5\n3,3.5,4.5\n"), (Numbers{{0.5, 1.5}, {3.5, 4.5}}));
  EXPECT_EQ(read("0.0,1.0,2.0\n0.5,1.5,2.5\n").size(), 2U) << "written as numbers are";
  EXPECT_EQ(read("3,1,2\n0.5,1.5,2.5\n").size(), 2U) << "no count";
  EXPECT_EQ(read("1,2\n3,5\n-1,0.5\n4,4\n0,1\n").size(), 5U) << "other rows hold integers too";
}

TEST_F(TextTableTest, IndexLabelsAndTextAreLeftOutWithAWord) {
  const std::string table = "name,u,v,label\nx.png,0.5,1.5,1\ny.png,2.5,3.5,0\nz.png,4.5,5.5,1\n";
  EXPECT_EQ(read(table), (Numbers{{0.5, 1.5}, {2.5, 3.5}, {4.5, 5.5}}));
  EXPECT_HAS(taken(table),
             "table (3, 4), commas between, line 1 names the columns; left out: column 1 'name' (text), column 4 "
             "'label' (labels)");
  EXPECT_HAS(taken("1,0.5,0.25\n2,1.5,0.75\n"), "left out: column 1 (counts the rows)");
  EXPECT_HAS(taken("id,u\n9,1.5\n4,2.5\n"), "left out: column 1 'id' (an index)");
  EXPECT_HAS(taken("u,v,target\n0.5,1.5,3\n1.5,2.5,3\n"), "column 3 'target' (labels)") << "of one class";
  // All are integers.
  EXPECT_HAS(taken("label,p0,p1\n3,0,255\n1,7,0\n0,3,0\n"), "left out: column 1 'label' (labels)");
  EXPECT_HAS(error_of("a,b\n1,7\n2,9\n3,1\n"), "column 1 'a' counts the rows: an index or a feature?");
  EXPECT_EQ(read("1,0,0\n0,1,0\n0,0,1\n").size(), 3U) << "no column is told from another";
  // Not named, and unlike the others.
  const std::string doubtful = "0.5,1.5,3\n2.5,3.5,1\n4.5,5.5,3\n";
  EXPECT_HAS(error_of(doubtful),
             "column 3 holds whole numbers alone, others do not: an index, labels or a feature? "
             "(--label-column '2' leaves it out, --columns 0: takes all)");
  RowSettings settings;
  settings.label_column = "-1";
  EXPECT_EQ(read(doubtful, settings), (Numbers{{0.5, 1.5}, {2.5, 3.5}, {4.5, 5.5}}));
  settings.label_column = "";
  settings.columns = "0:";
  EXPECT_EQ(read(doubtful, settings)[1], (std::vector<double>{2.5, 3.5, 1}));
  EXPECT_EQ(read("0.5,0,1.5\n1.5,0,2.5\n")[0].size(), 3U) << "a dead unit is a feature";
}

TEST_F(TextTableTest, TextInBracketsIsText) {
  EXPECT_HAS(taken("film,u,v\n(500) Days of Summer (2009),0.5,1.5\n[1] and [2],2.5,3.5\n(2019 film),4.5,5.5\n"),
             "left out: column 1 'film' (text)");
}

// Labels that say "ignore this", signed hashes, ratings; and one value throughout.
TEST_F(TextTableTest, WholeNumbersOfAnySizeAreToldFromFeatures) {
  EXPECT_HAS(taken("u,v,label\n0.5,1.5,3\n2.5,3.5,-100\n4.5,5.5,0\n"), "left out: column 3 'label' (labels)");
  EXPECT_HAS(taken("u,v,y\n0.5,1.5,-2\n2.5,3.5,2\n4.5,5.5,0\n"), "left out: column 3 'y' (labels)");
  EXPECT_HAS(taken("id,u,v\n-8123456789012345678,0.5,1.5\n7123456789012345678,2.5,3.5\n"),
             "left out: column 1 'id' (an index)");
  EXPECT_HAS(error_of("u,v,valence\n0.5,1.5,-5\n2.5,3.5,4\n4.5,5.5,0\n"),
             "column 3 'valence' holds whole numbers alone, others do not");
  EXPECT_HAS(error_of("u,v,split\n0.5,1.5,1\n2.5,3.5,1\n4.5,5.5,1\n"),
             "column 3 'split' holds whole numbers alone, others do not");
  EXPECT_HAS(error_of("u,v,w\n0.5,1.5,-7\n2.5,3.5,-7\n"), "column 3 'w' holds whole numbers alone");
  EXPECT_EQ(read("u,v,w\n0.5,0,1.5\n2.5,0,2.5\n")[0].size(), 3U) << "a unit that is off is a feature";
  EXPECT_EQ(read("0.5,1,1.5\n")[0].size(), 3U) << "of one row nothing can be said";
  EXPECT_EQ(read("-3,7,0\n5,-8,1\n127,-128,2\n")[0].size(), 3U) << "features of eight bits";
}

// Colours, tokens and numbered names begin with the sign of comments.
TEST_F(TextTableTest, RowsThatBeginWithASharpAreRows) {
  const Numbers expected = {{0.5, 1.5}, {2.5, 3.5}, {4.5, 5.5}};
  for (const char* table :
       {"red,0.5,1.5\n#00aaff,2.5,3.5\nblue,4.5,5.5\n", "#00aaff,0.5,1.5\nred,2.5,3.5\nred,4.5,5.5\n",
        "colour,u,v\nred,0.5,1.5\n# by hand\n#00aaff,2.5,3.5\nblue,4.5,5.5\n", "the 0.5 1.5\n# 2.5 3.5\nof 4.5 5.5\n",
        "the 0,5 1,5\n# 2,5 3,5\nof 4,5 5,5\n", "#1,0.5,1.5\n#2,2.5,3.5\n#3,4.5,5.5\n",
        "id,u,v\n#1,0.5,1.5\n#2,2.5,3.5\n#3,4.5,5.5\n", "#id,u,v\n#1,0.5,1.5\n#2,2.5,3.5\n#3,4.5,5.5\n"}) {
    EXPECT_EQ(read(table), expected) << table;
    EXPECT_HAS(taken(table), "begin with #") << table;
  }
  EXPECT_HAS(taken("#1,0.5\n#2,2.5\n#3,4.5\n"), "no heading, 3 rows begin with #; left out: column 1 (text)");
  EXPECT_HAS(error_of("red,0.5,1.5\n#00aaff,2.5,\nblue,4.5,5.5\n"), "line 2, column 3 is empty");
  // Comments all the same: other cells than the table's, or numbers where it has names.
  for (const char* table : {"# u v\n0.5 1.5\n2.5 3.5\n4.5 5.5\n", "0.5,1.5\n2.5,3.5\n#0.5,9.5\n4.5,5.5\n",
                            "# name,u,v\na,0.5,1.5\nb,2.5,3.5\n#c,9.5\n# u, v, w\nd,4.5,5.5\n"}) {
    EXPECT_EQ(read(table), expected) << table;
  }
  EXPECT_HAS(taken("# name,u,v\na,0.5,1.5\nb,2.5,3.5\n"), "line 1 names the columns (a comment)");
  EXPECT_HAS(error_of("# 0.5 1.5\n# 2.5 3.5\n"), "holds no numbers");
  // Excel's word for no value is a gap, not a comment.
  EXPECT_HAS(error_of("0.5,1.5\n#DIV/0!,3.5\n4.5,5.5\n"), "line 2, column 1 is a gap, '#DIV/0!'");
}

TEST_F(TextTableTest, AQuoteAloneIsACell) {
  const Numbers expected = {{0.5, 1.5}, {2.5, 3.5}, {4.5, 5.5}};
  EXPECT_EQ(read("the 0.5 1.5\n\" 2.5 3.5\n's 4.5 5.5\n"), expected);
  EXPECT_EQ(read("the\t0.5\t1.5\n\"\t2.5\t3.5\n's\t4.5\t5.5\n"), expected);
  EXPECT_EQ(read("a,0.5,1.5\n\",\",2.5,3.5\nb,4.5,5.5\n"), expected) << "a separator in quotes";
}

TEST_F(TextTableTest, ColumnsAreChosenByNamePatternAndRange) {
  const std::string table = "name,e_0,e_1,age,2\nx,0.5,1.5,30,7\ny,2.5,3.5,40,9\n";
  const auto chosen = [&](const char* columns) {
    RowSettings settings;
    settings.columns = columns;
    return read(table, settings)[0];
  };
  EXPECT_EQ(chosen("e_*"), (std::vector<double>{0.5, 1.5}));
  EXPECT_EQ(chosen("1:3"), (std::vector<double>{0.5, 1.5}));
  EXPECT_EQ(chosen("1:"), (std::vector<double>{0.5, 1.5, 30, 7}));
  EXPECT_EQ(chosen("-2:"), (std::vector<double>{30, 7}));
  EXPECT_EQ(chosen("age,e_0"), (std::vector<double>{0.5, 30})) << "in the file's order";
  EXPECT_EQ(chosen("2"), (std::vector<double>{7})) << "a name before a position";
  EXPECT_EQ(chosen("3"), (std::vector<double>{30}));
  RowSettings settings;
  for (const auto& [columns, error] :
       std::map<const char*, const char*>{{"e_2", "there is no column 'e_2' (did you mean 'e_0'?)"},
                                          {"0:9", "'0:9' names no column (there are 5, 0:5)"},
                                          {"3:3", "names no column"},
                                          {"0:2", "column 1 'name' holds text"},
                                          {"", "age"},
                                          {"x:y", "no column 'x:y'"}}) {
    settings.columns = columns;
    EXPECT_HAS(error_of(table, settings), error);
  }
  settings.columns = "a";
  EXPECT_HAS(error_of("0.5,1.5\n2.5,3.5\n", settings), "the table names no columns");
  settings.columns = "e_*";
  EXPECT_HAS(taken(table, settings), "taken: 2 of 5 columns, --columns e_*");
  settings.label_column = "e_1";
  EXPECT_EQ(read(table, settings)[0], (std::vector<double>{0.5}));
  settings.label_column = "e_*";
  EXPECT_HAS(error_of(table, settings), "names more than one column");
}

// What is not taken need not be numbers.
TEST_F(TextTableTest, ColumnsThatAreNotTakenMayHoldAnything) {
  RowSettings settings;
  settings.columns = "1:";
  std::string words = "the 0.5 1.5\nof 2.5 3.5\n1999 4.5 5.5\nand 6.5 7.5\n";
  EXPECT_HAS(error_of(words), "line 1, column 1: 'the' is no number (--columns takes others");
  EXPECT_EQ(read(words, settings), (Numbers{{0.5, 1.5}, {2.5, 3.5}, {4.5, 5.5}, {6.5, 7.5}}));
  settings.columns = "u,v";
  EXPECT_EQ(read("date,u,v\n2024-01-02,0.5,1.5\n2024-01-03,2.5,3.5\n", settings), (Numbers{{0.5, 1.5}, {2.5, 3.5}}));
  settings.columns = "0:1";
  settings.heading = "no";
  EXPECT_EQ(read("0.5,x\n1.5,2.5\n3.5,4.5\n", settings), (Numbers{{0.5}, {1.5}, {3.5}}));
}

TEST_F(TextTableTest, ErrorsNameLineAndColumn) {
  for (const auto& [content, error] : std::vector<std::pair<std::string, std::string>>{
           {"1.5,2.5\n3.5,\n", "line 2, column 2 is empty (--skip-nonfinite leaves out such rows)"},
           {"u,v\n\n# x\n1.5,2.5\r\n3.5,NA\r\n", "line 5, column 2 'v' is a gap, 'NA'"},
           {"1.5,2.5\n3.5,nan\n", "line 2, column 2: 'nan' is not finite"},
           {"1.5,2.5\n3.5,-Infinity\n", "is not finite"},
           {"1.5,2.5\n3.5,1e999\n", "'1e999' is not finite"},
           {"1.5,2.5\n3.5,4.5\n5.5,6.5,7.5\n", "line 3 has 3 cells, other lines have 2 (--separator"},
           {"1.5,2.5\n3,4,5\n", "line 2 has 3 cells, other lines have 2"},
           {"A title\nu,v,w\n1.5,2.5,3.5\n3.5,4.5,5.5\n",
            "line 1 has 1 cells, other lines have 3 (what stands above the table begins with #, or is left out)"},
           {"1.5,2.5\n3.5,4.5x\n5.5,6.5\n", "line 2, column 2: '4.5x' is no number"},
           {"1.5,2.5\n\"a\nb\",4.5\n5.5,6.5\n7.5,8.5\n", "line 2, column 1: 'a?b' is no number"},
           {"1.5,2.5\n3.5,\"4.5\n5.5,6.5\n", "line 2, column 2: the quote does not end with the cell"},
           {"1.5\n\n2.5\n", "line 2 is empty (in a table of one column that is a gap)"},
           {"id,rows\n1,\"[0.5, 0.25]\"\n2,\"[1.5, 0.75]\"\n",
            "line 2, column 2 'rows': '[0.5, 0.25]' is no number (the cell holds a list: give every number a cell"},
           {"id,rows\n1,\"[0.5 0.25\n 1.5]\"\n2,\"[1.5 0.75\n 2.5]\"\n", "the cell holds a list"},
           {"id,rows\n1,\"[0.5 0.25 1.5]\"\n2,\"[1.5 0.75 2.5]\"\n", "the cell holds a list"},
           {"id,rows\n1,\"tensor([0.5, nan])\"\n2,\"tensor([1.5, 0.75])\"\n", "the cell holds a list"},
           {"[0.5, 0.25, 0.75]\n[0.5, 0.25, 0.75]\n", "line 1, column 1: '[0.5' is no number"},
           {"a,b\n", "no column holds numbers"},
           {"# nothing\n\n", "holds no numbers"},
           {"u,v\nx,y\n", "no column holds numbers"},
           {std::string("1\0,2\0\n", 7), "is not text"},
           {std::string("\xFF\xFE") + "1", "is text in UTF-16 (write it in UTF-8)"},
           {std::string("a\0,\0b\0\n\0", 8), "is text in UTF-16 (write it in UTF-8)"},
           {std::string("\0a\0,\0b\0\n", 8), "is text in UTF-16 (write it in UTF-8)"},
           {"", "is empty"}}) {
    EXPECT_HAS(error_of(content), error);
  }
  RowSettings gaps;
  gaps.gaps_are_nan = true;
  const Numbers rows = read("1.5,2.5\n3.5,\nNA,inf\n", gaps);
  EXPECT_TRUE(std::isnan(rows[1][1]) && std::isnan(rows[2][0]) && std::isnan(rows[2][1]));
}

// What lies beyond the lines that decide is held to them.
TEST_F(TextTableTest, LinesFarDownAreHeldToWhatTheFirstSaid) {
  std::string table;
  for (int i = 0; i < 2000; ++i) table += "name" + std::to_string(i) + ",0.5," + std::to_string(i) + ".25\n";
  EXPECT_EQ(read(table).size(), 2000U);
  EXPECT_HAS(error_of(table + "x,0.5,y\n"), "line 2001, column 3: 'y' is no number");
  EXPECT_HAS(error_of(table + "x,0.5\n"), "line 2001 has 2 cells");
  EXPECT_HAS(error_of(table + "x,0.5,\n"), "line 2001, column 3 is empty");
}

TEST_F(TextTableTest, WhatWasTakenIsAnObjectToo) {
  const Json read = RowReader(write("id;u;v\n7;0,5;1,5\n9;2,5;3,5\n", "T.CSV"), "").taken().json();
  EXPECT_EQ(read.at("file"), "T.CSV");
  EXPECT_EQ(read.at("shape"), Json::array({2, 3}));
  const Json& table = read.at("table");
  EXPECT_EQ(table.at("separator"), "semicolons");
  EXPECT_EQ(table.at("decimal"), "comma");
  EXPECT_EQ(table.at("heading_line"), 1);
  EXPECT_EQ(table.at("left_out").at(0).at("column"), 1);
  EXPECT_EQ(table.at("left_out").at(0).at("name"), "id");
  // Bytes that are no UTF-8 do not reach results.
  EXPECT_EQ(
      RowReader(write("caf\xE9,u\nx,0.5\ny,1.5\n"), "").taken().json().at("table").at("left_out").at(0).at("name"),
      "caf?");
  EXPECT_EQ(RowReader(write("\xF0\x9F\x98\x80 caf\xC3\xA9,u\nx,0.5\ny,1.5\n"), "")
                .taken()
                .json()
                .at("table")
                .at("left_out")
                .at(0)
                .at("name"),
            "\xF0\x9F\x98\x80 caf\xC3\xA9");
}

TEST_F(TextTableTest, OtherProgramsFilesAreRefusedWithAWay) {
  for (const char* name : {"t.parquet", "t.Arrow", "t.feather", "t.h5", "t.hdf5", "t.mat", "t.xlsx", "t.csv.gz"}) {
    const auto path = write("PAR1", name);
    EXPECT_HAS(test::error_of([&] { RowReader(path, ""); }), "files are not read (") << name;
  }
  RowSettings settings;
  settings.columns = "0:1";
  EXPECT_HAS(test::error_of([&] { RowReader(test::fixture("files/tables/array.npy"), "", settings); }),
             "is no table of text");
}

// A line of many columns or digits, and quotes that never close, take memory of the file's order, and no longer.
TEST_F(TextTableTest, HostileSizesAreBounded) {
  std::string wide = "0.5";
  for (int i = 0; i < 300000; ++i) wide += ",0.5";
  EXPECT_EQ(read(wide + "\n" + wide + "\n")[1].size(), 300001U);
  EXPECT_HAS(error_of(std::string(3000000, '1') + "\n2\n"), "line 1, column 1: '1111");
  EXPECT_HAS(error_of(wide + "\n" + std::string(300000, '\n') + "1\n"), "cells");
  EXPECT_HAS(error_of("1.5,\"" + std::string(300000, '\n')), "the quote does not end");
  for (int doubling = 0; doubling < 2; ++doubling) wide += "," + wide;
  EXPECT_HAS(error_of(wide + "\n" + wide), "line 1 has more than 1048576 cells");
}

}  // namespace
}  // namespace directclr::io
