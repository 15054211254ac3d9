#include "directclr/distributed/watch.h"

#include <unistd.h>

#include <chrono>
#include <future>
#include <optional>
#include <vector>

#include "directclr/core/here_and_now.h"
#include "directclr/core/text.h"

namespace directclr::distributed {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenBeats = 1s;
// Between two looks at the others' signs of life, and how long the store may take to answer.
constexpr auto kBetweenLooks = 2500ms;
constexpr auto kStorePatience = 10s;
constexpr const char* kFailureKey = "failure";

// What is kept of a failure: who tells the user, and what happened.
std::string failure(int64_t reporter, const std::string& text) { return std::to_string(reporter) + "|" + text; }
RankFailure failure_from(const std::string& kept, int64_t self) {
  const size_t bar = kept.find('|');
  return {kept.substr(bar + 1), kept.substr(0, bar) != std::to_string(self)};
}

std::string status_key(int64_t rank) { return "status/" + std::to_string(rank); }

std::string host_and_process() { return host_name() + ", process " + std::to_string(::getpid()); }

// What a process told of itself, "beats|operations|where|activity".
struct Status {
  int64_t beats = -1;
  int64_t operations = -1;
  std::string where;
  std::string activity;

  static std::optional<Status> parse(const std::string& text) {
    const auto parts = split(text, '|');
    Status s;
    if (parts.size() < 4 || !parse_int(parts[0], s.beats) || !parse_int(parts[1], s.operations)) return std::nullopt;
    s.where = parts[2];
    s.activity = text.substr(parts[0].size() + parts[1].size() + parts[2].size() + 3);
    return s;
  }
};

std::string named(int64_t rank, const std::optional<Status>& status) {
  return "rank " + std::to_string(rank) + (status ? " (" + status->where + ")" : "");
}

std::string last_seen(const std::optional<Status>& status) {
  return status ? "; it was at: " + status->activity : "; it never told what it did";
}

}  // namespace

Watch::Watch(int64_t rank, int64_t size, OpenStoreLine open_line, std::chrono::milliseconds patience, GiveUp give_up)
    : rank_(rank),
      size_(size),
      open_line_(std::move(open_line)),
      patience_(patience),
      give_up_(std::move(give_up)),
      where_(host_and_process()) {
  thread_ = std::thread([this] { beat(); });
  if (give_up_) guard_ = std::thread([this] { guard(); });
}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (guard_.joinable()) guard_.join();
}

void Watch::operation_begins(bool on_device) {
  operations_.fetch_add(1, std::memory_order_relaxed);
  awaiting_since_ = on_device ? Clock::now().time_since_epoch().count() : 0;
}

void Watch::doing(const std::string& activity, bool on_device) {
  if (awaiting_since_ != 0) awaiting_since_ = on_device ? Clock::now().time_since_epoch().count() : 0;
  const std::lock_guard lock(mutex_);
  activity_ = activity;
}

bool Watch::stuck() const {
  const Clock::rep since = awaiting_since_;
  return since != 0 && Clock::now().time_since_epoch() - Clock::duration(since) > patience_;
}

void Watch::guard() {
  {
    std::unique_lock lock(mutex_);
    while (!stopping_ && !stuck()) wake_.wait_for(lock, kBetweenBeats, [this] { return stopping_; });
    if (stopping_) return;
  }
  const std::lock_guard one(one_finds_out_);
  if (!found_out_) give_up_(find_out("an operation on a device does not end"));
}

std::string Watch::status() const {
  const std::lock_guard lock(mutex_);
  return std::to_string(beats_) + "|" + std::to_string(operations_) + "|" + where_ + "|" + activity_;
}

void Watch::beat() {
  std::unique_ptr<StoreLine> line;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    try {
      if (!line) line = open_line_();
      ++beats_;
      line->set(status_key(rank_), status());
      const std::string root = line->get(status_key(0));
      lock.lock();
      if (!root.empty()) root_status_ = root;
    } catch (const std::exception&) {
      // The store is gone. Whoever needs it next finds out.
      if (!lock.owns_lock()) lock.lock();
      line.reset();
    }
    wake_.wait_for(lock, kBetweenBeats, [this] { return stopping_; });
  }
}

void Watch::announce(const std::string& why) {
  const auto open = open_line_;
  const std::string text = failure(rank_, "rank " + std::to_string(rank_) + " (" + where_ + ") failed: " + why);
  std::promise<void> done;
  auto answered = done.get_future();
  // On a thread of its own, which is left behind when the store does not answer.
  std::thread([open, text, done = std::move(done)]() mutable {
    try {
      open()->set_once(kFailureKey, text);
    } catch (const std::exception&) {
    }
    done.set_value();
  }).detach();
  answered.wait_for(kStorePatience);
}

RankFailure Watch::diagnose(const std::string& symptom) {
  const std::lock_guard one(one_finds_out_);
  found_out_ = true;
  return find_out(symptom);
}

RankFailure Watch::find_out(const std::string& symptom) {
  std::string root;
  {
    const std::lock_guard lock(mutex_);
    root = root_status_;
  }
  const int64_t mine = operations_;
  const auto look = [open = open_line_, size = size_, self = rank_, symptom,
                     mine](std::promise<RankFailure> result) mutable {
    try {
      const auto line = open();
      if (const std::string known = line->get(kFailureKey); !known.empty()) {
        result.set_value(failure_from(known, self));
        return;
      }
      std::vector<std::optional<Status>> before, now;
      for (int64_t r = 0; r < size; ++r) before.push_back(Status::parse(line->get(status_key(r))));
      std::this_thread::sleep_for(kBetweenLooks);
      for (int64_t r = 0; r < size; ++r) now.push_back(Status::parse(line->get(status_key(r))));
      std::string verdict;
      int64_t behind = self;
      int64_t fewest = mine;
      for (int64_t r = 0; r < size && verdict.empty(); ++r) {
        const auto& one = now[static_cast<size_t>(r)];
        const auto& earlier = before[static_cast<size_t>(r)];
        if (r == self) continue;
        if (!one || (earlier && one->beats == earlier->beats)) {
          verdict = named(r, one) + " gives no more signs of life" + last_seen(one);
        } else if (one->operations < fewest) {
          fewest = one->operations;
          behind = r;
        }
      }
      if (verdict.empty() && behind != self) {
        const auto& one = now[static_cast<size_t>(behind)];
        verdict = named(behind, one) + " lives but does not keep up" + last_seen(one);
      }
      if (verdict.empty()) verdict = "the connection between the processes broke: " + symptom;
      result.set_value(failure_from(line->set_once(kFailureKey, failure(self, verdict)), self));
    } catch (const std::exception&) {
      result.set_exception(std::current_exception());
    }
  };
  std::promise<RankFailure> promise;
  auto answer = promise.get_future();
  std::thread(look, std::move(promise)).detach();
  if (answer.wait_for(kBetweenLooks + kStorePatience) == std::future_status::ready) {
    try {
      return answer.get();
    } catch (const std::exception&) {
    }
  }
  const auto status = Status::parse(root);
  return {named(0, status) + ", which keeps the processes together, gives no more signs of life" + last_seen(status),
          rank_ != 1};
}

}  // namespace directclr::distributed
