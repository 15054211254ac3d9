#include "directclr/distributed/local_exchange.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace directclr::distributed {
namespace {

// Spinning is worth as long as it takes to sleep and wake.
constexpr auto kSpin = std::chrono::microseconds(200);
constexpr long kSleepNanoseconds = 50'000'000;  // between two looks whether the others still live

// A new piece of shared memory, zero all over.
bool make_memory(const std::string& name, size_t bytes) {
  const int file = ::shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  // Taken now: a full memory must not show as a crash later.
  const bool made = ::posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0;
  ::close(file);
  if (!made) ::shm_unlink(name.c_str());
  return made;
}

void* map_memory(const std::string& name, size_t bytes) {
  const int file = ::shm_open(name.c_str(), O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return nullptr;
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

// A rank's part of the memory. Message number n lies in half n % 2: nobody can be two messages ahead of another, since
// a message ends only when all have sent theirs.
struct LocalExchange::Slot {
  alignas(64) std::atomic<uint32_t> turn;  // messages sent; a futex
  std::atomic<uint32_t> sleepers;          // who waits for the next
  pid_t process;
  alignas(64) unsigned char halves[2][kMostBytes];
};
static_assert(std::atomic<uint32_t>::is_always_lock_free);

std::unique_ptr<LocalExchange> LocalExchange::open(c10d::Store& store, int64_t rank, int64_t size,
                                                   std::chrono::milliseconds timeout) {
  const size_t bytes = static_cast<size_t>(size) * sizeof(Slot);
  const auto tell = [&](const std::string& key, const std::string& value) {
    store.set("local_exchange/" + key, std::vector<uint8_t>(value.begin(), value.end()));
  };
  const auto ask = [&](const std::string& key) {
    const auto value = store.get("local_exchange/" + key);
    return std::string(value.begin(), value.end());
  };
  std::string name;
  if (rank == 0) {
    // Several groups may live in one process: the time tells them apart, and a name that is there is not taken.
    name = "/directclr-" + std::to_string(::getpid()) + "-" +
           std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
    if (!make_memory(name, bytes)) name.clear();
    tell("name", name);
  } else {
    name = ask("name");
  }
  void* const memory = name.empty() ? nullptr : map_memory(name, bytes);
  std::unique_ptr<LocalExchange> exchange;
  if (memory) {
    exchange.reset(new LocalExchange(rank, size, timeout, memory));
    exchange->slot(rank).process = ::getpid();
  }
  tell(std::to_string(rank), memory ? "yes" : "no");
  bool all = true;
  for (int64_t r = 0; r < size; ++r) all = ask(std::to_string(r)) == "yes" && all;
  // Everybody has it, or nobody will: the name can go, and no crash leaves the memory behind.
  if (rank == 0 && !name.empty()) ::shm_unlink(name.c_str());
  return all ? std::move(exchange) : nullptr;
}

LocalExchange::~LocalExchange() { ::munmap(memory_, static_cast<size_t>(size_) * sizeof(Slot)); }

LocalExchange::Slot& LocalExchange::slot(int64_t rank) const { return static_cast<Slot*>(memory_)[rank]; }

void LocalExchange::gather(const void* mine, size_t bytes, void* all) {
  const uint32_t turn = ++turn_;
  Slot& own = slot(rank_);
  std::memcpy(own.halves[turn % 2], mine, bytes);
  own.turn.store(turn, std::memory_order_seq_cst);
  if (own.sleepers.load(std::memory_order_seq_cst) > 0) {
    ::syscall(SYS_futex, &own.turn, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
  }
  for (int64_t r = 0; r < size_; ++r) {
    wait_for(r, turn);
    std::memcpy(static_cast<unsigned char*>(all) + static_cast<size_t>(r) * bytes, slot(r).halves[turn % 2], bytes);
  }
}

void LocalExchange::wait_for(int64_t rank, uint32_t turn) const {
  Slot& other = slot(rank);
  // Numbers wrap around; nobody is more than one ahead.
  const auto sent = [&](uint32_t now) { return static_cast<int32_t>(now - turn) >= 0; };
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  while (Clock::now() - begin < kSpin) {
    for (int i = 0; i < 50; ++i) {
      if (sent(other.turn.load(std::memory_order_acquire))) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  }
  while (true) {
    other.sleepers.fetch_add(1, std::memory_order_seq_cst);
    const uint32_t now = other.turn.load(std::memory_order_seq_cst);
    if (!sent(now)) {
      const timespec patience{0, kSleepNanoseconds};
      ::syscall(SYS_futex, &other.turn, FUTEX_WAIT, now, &patience, nullptr, 0);
    }
    other.sleepers.fetch_sub(1, std::memory_order_seq_cst);
    if (sent(other.turn.load(std::memory_order_acquire))) return;
    if (::kill(other.process, 0) != 0 && errno == ESRCH) {
      throw std::runtime_error("the process of rank " + std::to_string(rank) + " is gone");
    }
    if (Clock::now() - begin > timeout_) {
      throw std::runtime_error("rank " + std::to_string(rank) + " does not answer");
    }
  }
}

}  // namespace directclr::distributed
