#include "directclr/core/core_turns.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <functional>
#include <future>
#include <new>
#include <thread>
#include <vector>

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

// By a clock of its own that runs on whenever it is looked at: how long it waits does not depend on the machine.
TEST_F(CoreTurnsTest, SaysOnceThatItWaits) {
  std::atomic<int64_t> now{CoreTurns::steady_nanoseconds()};
  std::vector<std::string> said;
  Context context;
  context.notice = [&](const std::string& line) { said.push_back(line); };
  CoreTurns mine(kAll, claims(), [&] { return now += CoreTurns::kSilence / 8; });
  { [[maybe_unused]] const auto turn = mine.take(context); }
  EXPECT_TRUE(said.empty()) << "nobody to wait for";
  CoreTurns other(kAll, claims());
  const auto held = other.take({});
  for (int i = 0; i < 2; ++i) [[maybe_unused]] const auto turn = mine.take(context);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("waits for its turn on the cores, which 1 other run uses"), std::string::npos) << said[0];
}

// Processes whose turns take as long as they say by a clock that stands still otherwise: how loaded the machine is does
// not matter. Times in milliseconds.
class SharesOfTime : public CoreTurnsTest {
 protected:
  struct Worker {
    int64_t turn;           // how long each takes
    int nice = 0;           // more than the test's own
    int64_t from = 0;       // comes when the clock says so
    int64_t dies_at = 1e9;  // killed then, in the middle of a turn
  };
  static constexpr int64_t kMillisecond = 1'000'000;

  enum Phase : int64_t { kOutside, kComing, kWaiting, kAsking, kGone };
  struct Board {
    std::atomic<int64_t> clock;
    std::atomic<int64_t> used[8], phase[8];
  };

  SharesOfTime() {
    void* const memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    board_ = new (memory) Board{};
  }
  ~SharesOfTime() override { ::munmap(board_, sizeof(Board)); }

  // What time each worker had when the clock says `until`.
  std::vector<int64_t> share_out(const std::vector<Worker>& workers, int64_t until) {
    std::vector<pid_t> children;
    for (size_t i = 0; i < workers.size(); ++i) {
      const pid_t child = ::fork();
      if (child == 0) work(workers, i, until);
      children.push_back(child);
    }
    for (size_t i = 0; i < workers.size(); ++i) {
      int status = 0;
      ::waitpid(children[i], &status, 0);
      EXPECT_TRUE(WIFEXITED(status) || workers[i].dies_at < until) << "worker " << i;
    }
    std::vector<int64_t> used;
    for (size_t i = 0; i < workers.size(); ++i) used.push_back(board_->used[i]);
    return used;
  }

 private:
  [[noreturn]] void work(const std::vector<Worker>& workers, size_t place, int64_t until) {
    const Worker& worker = workers[place];
    [[maybe_unused]] const int nice = ::nice(worker.nice);
    const auto wait_until = [](const auto& reached) {
      while (!reached()) std::this_thread::sleep_for(100us);
    };
    // Time moves only while all others that have come by now wait for their turn: who is slow to ask is not away.
    const auto all_others_ask = [&] {
      for (size_t other = 0; other < workers.size(); ++other) {
        const int64_t phase = board_->phase[other];
        if (other != place && workers[other].from <= board_->clock && phase != kAsking && phase != kGone) return false;
      }
      return true;
    };
    auto& phase = board_->phase[place];
    wait_until([&] { return board_->clock >= worker.from; });
    {
      CoreTurns turns(kAll, claims(), [&] {
        const int64_t now = board_->clock * kMillisecond;
        // take() reads the clock before it says that it waits, and after.
        if (phase == kWaiting) phase = kAsking;
        if (phase == kComing) phase = kWaiting;
        return now;
      });
      while (board_->clock < until) {
        phase = kComing;
        const auto turn = turns.take({});
        phase = kOutside;
        if (board_->clock >= until) break;
        wait_until(all_others_ask);
        if (board_->clock >= worker.dies_at) {
          phase = kGone;
          ::kill(::getpid(), SIGKILL);
        }
        board_->clock += worker.turn;
        board_->used[place] += worker.turn;
      }
    }
    phase = kGone;
    ::_exit(0);
  }

  Board* board_;
};

TEST_F(SharesOfTime, AreEqualHoweverLongTheTurns) {
  const auto used = share_out({{400}, {20}, {110}}, 12000);
  for (const int64_t time : used) EXPECT_NEAR(static_cast<double>(time), 4000, 450);
}

TEST_F(SharesOfTime, AreWeightedByNice) {
  if (::getpriority(PRIO_PROCESS, 0) > 14) GTEST_SKIP() << "no process can be five nicer than this one";
  const auto used = share_out({{200, 0}, {10, 5}}, 20000);
  EXPECT_NEAR(static_cast<double>(used[1]), 20000 / (1 + std::pow(1.25, 5)), 300);
}

TEST_F(SharesOfTime, OfANewcomerBeginWhenItComes) {
  const auto used = share_out({{50}, {50, 0, /*from=*/6000}}, 10000);
  EXPECT_NEAR(static_cast<double>(used[0]), 8000, 150) << "time before it came is not owed to it";
}

TEST_F(SharesOfTime, OfAKilledProcessGoToTheOthers) {
  const auto used = share_out({{100}, {100}, {100, 0, 0, /*dies_at=*/3000}}, 9000);
  EXPECT_NEAR(static_cast<double>(used[0]), 4000, 250);
  EXPECT_NEAR(static_cast<double>(used[1]), 4000, 250);
}

TEST_F(CoreTurnsTest, AKilledWaiterIsPassedOver) {
  CoreTurns mine(kAll, claims());
  pid_t waiting = 0;
  {
    const auto turn = mine.take({});
    waiting = ::fork();
    if (waiting == 0) {
      CoreTurns turns(kAll, claims());
      const auto theirs = turns.take({});
      ::_exit(0);
    }
    std::this_thread::sleep_for(50ms);  // they wait by now, with less time used
    ::kill(waiting, SIGKILL);
    ::waitpid(waiting, nullptr, 0);
  }
  const auto turn = mine.take({});  // would never return
}

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

TEST_F(CoreTurnsTest, WhoUsedLessIsNext) {
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
    std::this_thread::sleep_for(50ms);  // they wait by now
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
  std::this_thread::sleep_for(100ms);  // it waits by now
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

TEST_F(CoreTurnsTest, WhoWaitsLooksNowAndThen) {
  CoreTurns holder(kAll, claims());
  const auto turn = holder.take({});
  std::atomic<int64_t> looks{0};  // at the clock, thrice a time around
  CoreTurns waiting(kAll, claims(), [&] {
    ++looks;
    return CoreTurns::steady_nanoseconds();
  });
  std::atomic<int> stop{0};
  Context context;
  context.stop = &stop;
  const int64_t begin = CoreTurns::steady_nanoseconds();
  std::thread stops([&] {
    std::this_thread::sleep_for(200ms);
    stop = 2;
  });
  const auto none = waiting.take(context);
  stops.join();
  const int64_t times = (CoreTurns::steady_nanoseconds() - begin) / CoreTurns::kBetweenLooks;
  EXPECT_LE(looks, 4 * (times + 2));
}

TEST_F(CoreTurnsTest, WithoutAPlaceForClaimsEveryTurnIsGranted) {
  CoreTurns mine(kAll, folder_ / "no" / "such" / "folder"), theirs(kAll, folder_ / "no" / "such" / "folder");
  const auto a = mine.take({});
  const auto b = theirs.take({});
}

}  // namespace
}  // namespace directclr
