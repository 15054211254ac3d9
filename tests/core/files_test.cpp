#include "directclr/core/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "directclr/core/disk_full.h"
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

// Both have the same temporary name.
TEST(WriteFile, WaitsForAnotherWriterOfTheSameFile) {
  const test::TemporaryFolder folder;
  std::thread second;
  write_file_in_chunks(folder / "a", [&](const WriteChunk& write) {
    write("the first", 9);
    second = std::thread([&] { write_file(folder / "a", "2"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_FALSE(std::filesystem::exists(folder / "a")) << "the second one did not wait";
    write(" and whole", 10);
  });
  second.join();
  EXPECT_EQ(read_file(folder / "a"), "2");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.partial"));
}

TEST(WriteFile, TakesOverWhatAKilledWriterLeft) {
  const test::TemporaryFolder folder;
  write_file(folder / "b", "longer than what comes");
  std::filesystem::rename(folder / "b", folder / "a.partial");
  write_file(folder / "a", "new");
  EXPECT_EQ(read_file(folder / "a"), "new");
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

// A limit on the size of files that is reached in the middle of a record is what a disk looks like that fills up.
class FullDisk : public ::testing::Test {
 protected:
  FullDisk() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before_;
    limit.rlim_cur = 10;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() override {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(FullDisk, LeavesNoHalfRecord) {
  const test::TemporaryFolder folder;
  AppendFile file(folder / "log", 0);
  file.append("123456\n");
  EXPECT_THROW(file.append("7890abc\n"), DiskFull);
  EXPECT_EQ(read_file(folder / "log"), "123456\n");
  EXPECT_EQ(file.size(), 7U);
  file.append("78\n");
  EXPECT_EQ(read_file(folder / "log"), "123456\n78\n");
}

TEST_F(FullDisk, IsNamedWithWhatToDo) {
  const test::TemporaryFolder folder;
  try {
    write_file(folder / "a", "more than ten bytes");
    FAIL() << "expected an error";
  } catch (const DiskFull& full) {
    const std::string place = (folder / "a").string() + ": cannot write: File too large (";
    EXPECT_EQ(std::string(full.what()), place + "free some space and run again; what was written before is intact)");
    EXPECT_EQ(std::string(full.with_hint("buy another").what()), place + "buy another)");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
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
