#include "directclr/core/folder_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/here_and_now.h"
#include "directclr/core/json.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;
using test::error_of;

class FolderLockTest : public ::testing::Test {
 protected:
  std::string refusal() const {
    return error_of([&] { const FolderLock second(folder_.path()); });
  }
  bool is_free() const { return refusal() == "no error" && !FolderLock::owner_of(folder_.path()); }

  // What an owner says of itself, with some of it changed.
  std::string record(const Json& changes) const {
    Json object;
    {
      const FolderLock lock(folder_.path());
      object = Json::parse(read_file(file_));
    }
    for (const auto& [key, value] : changes.items()) object[key] = value;
    return object.dump() + "\n";
  }

  void touched_seconds_ago(int seconds) const {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= seconds;
    const timespec times[] = {now, now};
    ::utimensat(AT_FDCWD, file_.c_str(), times, 0);
  }

  test::TemporaryFolder folder_;
  fs::path file_ = folder_ / ".lock";
};

TEST_F(FolderLockTest, RefusesASecondOwnerByName) {
  {
    const FolderLock first(folder_.path());
    const std::string owner =
        "process " + std::to_string(::getpid()) + " on " + host_name() + " is at work here since ";
    EXPECT_EQ(refusal().rfind(folder_.path().string() + ": " + owner, 0), 0U) << refusal();
    EXPECT_NE(refusal().find("Z (wait until it has ended, or stop it)"), std::string::npos) << refusal();
    EXPECT_EQ(FolderLock::owner_of(folder_.path())->rfind(owner, 0), 0U);
    EXPECT_TRUE(fs::exists(file_)) << "a refused one takes nothing away";
  }
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_TRUE(is_free());
}

TEST_F(FolderLockTest, IsFreeOnceItsOwnerWasKilled) {
  int begun[2];
  ASSERT_EQ(::pipe(begun), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(folder_.path());
    [[maybe_unused]] const auto written = ::write(begun[1], "x", 1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(begun[0], &byte, 1), 1);
  EXPECT_NE(refusal().find("process " + std::to_string(child)), std::string::npos) << refusal();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(begun[0]);
  ::close(begun[1]);
  EXPECT_TRUE(fs::exists(file_)) << "what it left";
  EXPECT_TRUE(is_free());
  EXPECT_FALSE(fs::exists(file_));
}

// A disk that does not pass locks on: what stands in the file of an owner on another machine counts while it is
// touched.
TEST_F(FolderLockTest, BelievesAnotherMachineWhileItGivesSignsOfLife) {
  write_file(file_, record({{"boot", "of another machine"}, {"host", "elsewhere"}, {"process", 4711}}));
  touched_seconds_ago(FolderLock::kBeat);
  EXPECT_NE(refusal().find("process 4711 on elsewhere is at work here since"), std::string::npos) << refusal();
  EXPECT_NE(refusal().find("last sign of life 1"), std::string::npos) << refusal();
  EXPECT_TRUE(FolderLock::owner_of(folder_.path()).has_value());
  touched_seconds_ago(FolderLock::kGone + 2);
  EXPECT_TRUE(is_free());
}

// On this machine the lock itself tells, whatever the file says.
TEST_F(FolderLockTest, TakesOverWhatADeadOwnerLeftHere) {
  write_file(file_, record({{"process", 1}, {"process_start", 1}}));
  EXPECT_TRUE(is_free());
  write_file(file_, "{\"host\": \"half a rec");
  EXPECT_TRUE(is_free());
  write_file(file_, "{\"process\": \"no number\"}");
  EXPECT_TRUE(is_free());
}

// Root may write everything: for a moment another user, then.
class AsAnotherUser {
 public:
  AsAnotherUser() {
    if (::geteuid() == 0) changed_ = ::seteuid(65534) == 0;
  }
  ~AsAnotherUser() {
    if (changed_ && ::seteuid(0) != 0) std::abort();
  }
  AsAnotherUser(const AsAnotherUser&) = delete;
  AsAnotherUser& operator=(const AsAnotherUser&) = delete;

 private:
  bool changed_ = false;
};

TEST_F(FolderLockTest, NamesTheOwnerToWhoMayNotWriteItsFile) {
  constexpr auto kReadable = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
  fs::permissions(folder_.path(), fs::perms::all);
  const std::string left = record({});
  {
    const FolderLock first(folder_.path());
    fs::permissions(file_, kReadable);
    const AsAnotherUser other;
    EXPECT_NE(refusal().find(": process " + std::to_string(::getpid()) + " on "), std::string::npos) << refusal();
    EXPECT_TRUE(FolderLock::owner_of(folder_.path()).has_value());
  }
  write_file(file_, left);
  fs::permissions(file_, kReadable);
  {
    const AsAnotherUser other;
    EXPECT_NE(refusal().find("its file .lock cannot be written: Permission denied (a command of another user, which "
                             "has ended, left it: remove it)"),
              std::string::npos)
        << refusal();
  }
  EXPECT_TRUE(fs::exists(file_));
}

TEST_F(FolderLockTest, SaysWhatIsWrongWithTheFolder) {
  EXPECT_NE(error_of([&] { const FolderLock lock(folder_ / "none"); }).find("none: cannot be written: No such file"),
            std::string::npos);
  EXPECT_FALSE(FolderLock::owner_of(folder_ / "none").has_value());
  fs::create_symlink("/etc/passwd", file_);
  EXPECT_NE(refusal().find("cannot be written"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace directclr
