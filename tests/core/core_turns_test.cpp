#include "directclr/core/core_turns.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace directclr {
namespace {

using namespace std::chrono_literals;
constexpr int64_t kAll = 1 << 20;  // more threads than any machine has cores

class CoreTurnsTest : public ::testing::Test {
 protected:
  std::filesystem::path claims() const { return folder_ / "cores"; }

  // A process of its own that takes a turn, tells, and then does `after`.
  pid_t holder(const std::function<void()>& after) const {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      CoreTurns turns(kAll, claims());
      const auto turn = turns.take({});
      [[maybe_unused]] const ssize_t told = ::write(ends[1], "x", 1);
      after();
      ::_exit(0);
    }
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    ::close(ends[0]);
    ::close(ends[1]);
    return child;
  }

  test::TemporaryFolder folder_;
};

TEST_F(CoreTurnsTest, NobodyHoldsCoresThatAnotherHolds) {
  std::atomic<int> inside{0}, most{0};
  const auto take_turns = [&] {
    CoreTurns turns(kAll, claims());
    for (int i = 0; i < 30; ++i) {
      const auto turn = turns.take({});
      const int now = ++inside;
      if (now > most) most = now;
      std::this_thread::sleep_for(200us);
      --inside;
    }
  };
  std::thread other(take_turns);
  take_turns();
  other.join();
  EXPECT_EQ(most, 1);
}

TEST_F(CoreTurnsTest, WhoWaitsIsNext) {
  CoreTurns mine(kAll, claims()), theirs(kAll, claims());
  std::atomic<bool> they_had_one{false};
  std::thread other;
  {
    const auto turn = mine.take({});
    other = std::thread([&] {
      const auto their_turn = theirs.take({});
      they_had_one = true;
      std::this_thread::sleep_for(20ms);
    });
    std::this_thread::sleep_for(50ms);  // they stand in the queue by now
    EXPECT_FALSE(they_had_one);
  }
  const auto second = mine.take({});  // at once, yet after theirs
  EXPECT_TRUE(they_had_one);
  other.join();
}

TEST_F(CoreTurnsTest, ProcessesThatFitBesideEachOtherDoNotWait) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one core only";
  CoreTurns mine(1, claims()), theirs(1, claims()), none(0, claims());
  const auto a = mine.take({});
  const auto b = theirs.take({});  // would never return
  const auto c = none.take({});
}

TEST_F(CoreTurnsTest, ADeadHolderLeavesNoClaim) {
  const pid_t child = holder([] {
    while (true) ::pause();
  });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CoreTurns turns(kAll, claims());
  const auto turn = turns.take({});  // would never return
}

TEST_F(CoreTurnsTest, ASuspendedHolderIsPassedOver) {
  const pid_t child = holder([] { ::raise(SIGSTOP); });
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status));
  {
    CoreTurns turns(kAll, claims());
    const auto turn = turns.take({});  // would never return
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(CoreTurnsTest, ASuspendedWaiterIsPassedOver) {
  const pid_t working = holder([] {
    while (true) ::pause();
  });
  const pid_t waiting = ::fork();
  if (waiting == 0) {
    CoreTurns turns(kAll, claims());
    const auto turn = turns.take({});
    ::_exit(0);
  }
  std::this_thread::sleep_for(100ms);  // it stands in the queue by now
  int status = 0;
  ::kill(waiting, SIGSTOP);
  ::waitpid(waiting, &status, WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status));
  ::kill(working, SIGKILL);
  ::waitpid(working, nullptr, 0);
  const auto begin = std::chrono::steady_clock::now();
  {
    CoreTurns turns(kAll, claims());
    const auto turn = turns.take({});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s) << "patience with those who live ends after a minute";
  ::kill(waiting, SIGKILL);
  ::waitpid(waiting, nullptr, 0);
}

TEST_F(CoreTurnsTest, WaitingEndsWhenAskedToStop) {
  CoreTurns mine(kAll, claims()), theirs(kAll, claims());
  const auto turn = mine.take({});
  std::atomic<int> stop{2};
  Context context;
  context.stop = &stop;
  const auto none = theirs.take(context);
}

TEST_F(CoreTurnsTest, WithoutAPlaceForClaimsEveryTurnIsGranted) {
  CoreTurns mine(kAll, folder_ / "no" / "such" / "folder"), theirs(kAll, folder_ / "no" / "such" / "folder");
  const auto a = mine.take({});
  const auto b = theirs.take({});
}

}  // namespace
}  // namespace directclr
