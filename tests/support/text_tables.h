#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/io/row_reader.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::test {

/// The rows of a matrix.
using Numbers = std::vector<std::vector<double>>;

/// Tables of text, and what a RowReader makes of them.
class TextTableTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& content, const std::string& name = "t.csv") {
    write_file(folder_ / name, content);
    return folder_ / name;
  }
  // Row by row.
  static Numbers numbers_of(const std::filesystem::path& path, const io::RowSettings& settings = {}) {
    io::RowReader reader(path, "", settings);
    const array::Array all = reader.next(reader.rows());
    const std::vector<double> values = array::to_doubles(all);
    Numbers rows;
    for (int64_t i = 0; i < all.size(0); ++i) {
      rows.emplace_back(values.begin() + i * all.size(1), values.begin() + (i + 1) * all.size(1));
    }
    return rows;
  }
  Numbers read(const std::string& content, const io::RowSettings& settings = {}) {
    return numbers_of(write(content), settings);
  }
  std::string error_of(const std::string& content, const io::RowSettings& settings = {}) {
    const auto path = write(content);
    return test::error_of([&] { io::RowReader(path, "", settings); });
  }
  std::string taken(const std::string& content, const io::RowSettings& settings = {}) {
    return io::RowReader(write(content), "", settings).taken().text();
  }
  TemporaryFolder folder_;
};

}  // namespace directclr::test

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "expected: " << (part) << "\nactual: " << (text)
