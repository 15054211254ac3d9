#include "directclr/distributed/watch.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

namespace directclr::distributed {
namespace {

using namespace std::chrono_literals;

// A store in this process, of which every watch has a line.
class Store {
 public:
  OpenStoreLine lines() {
    return [this] { return std::make_unique<Line>(*this); };
  }

 private:
  class Line final : public StoreLine {
   public:
    explicit Line(Store& store) : store_(store) {}
    void set(const std::string& key, const std::string& value) override {
      const std::lock_guard lock(store_.mutex_);
      store_.values_[key] = value;
    }
    std::string get(const std::string& key) override {
      const std::lock_guard lock(store_.mutex_);
      const auto found = store_.values_.find(key);
      return found == store_.values_.end() ? "" : found->second;
    }
    std::string set_once(const std::string& key, const std::string& value) override {
      const std::lock_guard lock(store_.mutex_);
      return store_.values_.emplace(key, value).first->second;
    }

   private:
    Store& store_;
  };

  std::mutex mutex_;
  std::map<std::string, std::string> values_;
};

struct Told {
  std::promise<RankFailure> promise;
  std::future<RankFailure> future = promise.get_future();
  Watch::GiveUp give_up() {
    return [this](const RankFailure& failure) { promise.set_value(failure); };
  }
};

// Nobody waits on a device, or work goes on: nothing to tell.
TEST(Watch, LeavesAProcessAloneThatWorks) {
  Store store;
  Told told;
  Watch watch(0, 2, store.lines(), 700ms, told.give_up());
  watch.operation_begins();  // ends by itself
  EXPECT_EQ(told.future.wait_for(1800ms), std::future_status::timeout);
  watch.operation_begins(/*on_device=*/true);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(told.future.wait_for(300ms), std::future_status::timeout);
    watch.doing("step " + std::to_string(i), true);
  }
  watch.doing("waiting for images", /*on_device=*/false);
  EXPECT_EQ(told.future.wait_for(1800ms), std::future_status::timeout);
}

TEST(Watch, TellsOfAProcessThatWaitsInTheDriverForALostOne) {
  Store store;
  Told told;
  Watch watch(0, 3, store.lines(), 500ms, told.give_up());
  const Watch alive(2, 3, store.lines());
  {
    Watch lost(1, 3, store.lines());
    lost.doing("step 7, forward and backward", true);
    std::this_thread::sleep_for(1500ms);
  }
  watch.operation_begins(/*on_device=*/true);
  ASSERT_EQ(told.future.wait_for(10s), std::future_status::ready);
  const RankFailure failure = told.future.get();
  EXPECT_FALSE(failure.reported);
  const std::string line = failure.what();
  EXPECT_TRUE(line.starts_with("rank 1 (")) << line;
  EXPECT_NE(line.find("gives no more signs of life; it was at: step 7, forward and backward"), std::string::npos)
      << line;
}

// An operation that fails by itself is told of where it failed, and only there.
TEST(Watch, TellsOnce) {
  Store store;
  Told told;
  Watch watch(0, 2, store.lines(), 500ms, told.give_up());
  watch.operation_begins(/*on_device=*/true);
  EXPECT_FALSE(watch.diagnose("it failed").reported);
  EXPECT_EQ(told.future.wait_for(1800ms), std::future_status::timeout);
}

}  // namespace
}  // namespace directclr::distributed
