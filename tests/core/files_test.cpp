#include "directclr/core/files.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "tests/support/temporary_folder.h"

namespace directclr {
namespace {

TEST(WriteFile, ReplacesTheWholeFileAndLeavesNoPartialOne) {
  const test::TemporaryFolder folder;
  write_file(folder / "a", "long first content");
  write_file(folder / "a", "short");
  EXPECT_EQ(read_file(folder / "a"), "short");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.partial"));
}

TEST(WriteFile, KeepsTheOldFileWhenTheProducerThrows) {
  const test::TemporaryFolder folder;
  write_file(folder / "a", "old");
  EXPECT_THROW(write_file_in_chunks(folder / "a",
                                    [](const WriteChunk& write) {
                                      write("new", 3);
                                      throw std::runtime_error("interrupted");
                                    }),
               std::runtime_error);
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.partial"));
}

TEST(WriteFile, ReportsAFullDisk) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const test::TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / "a.partial");  // where the bytes go first
  try {
    write_file(folder / "a", "content");
    FAIL() << "expected an error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST(ReadFile, NamesThePathAndTheReason) {
  try {
    read_file("/no/such/file");
    FAIL() << "expected an error";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "/no/such/file: cannot open: No such file or directory");
  }
}

TEST(AppendFile, CutsBackToWhereACheckpointWas) {
  const test::TemporaryFolder folder;
  {
    AppendFile file(folder / "log", 0);
    file.append("one\n");
    file.append("two\n");
    EXPECT_EQ(file.size(), 8U);
  }
  AppendFile file(folder / "log", 4);
  file.append("three\n");
  EXPECT_EQ(read_file(folder / "log"), "one\nthree\n");
}

}  // namespace
}  // namespace directclr
