#include "directclr/data/batch_memory.h"

#include <mutex>
#include <utility>
#include <vector>

namespace directclr::data {
namespace {

using Part = std::unique_ptr<std::byte[]>;

class Pool {
 public:
  explicit Pool(size_t kept) : kept_(kept) {}

  Part take(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      // What was let go last is nearest to the processor.
      for (size_t i = free_.size(); i-- > 0;) {
        if (free_[i].first != bytes) continue;
        Part part = std::move(free_[i].second);
        free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
        return part;
      }
    }
    return std::make_unique_for_overwrite<std::byte[]>(bytes);
  }

  void give_back(Part part, size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < kept_) free_.emplace_back(bytes, std::move(part));
  }

 private:
  const size_t kept_;
  std::mutex mutex_;
  std::vector<std::pair<size_t, Part>> free_;
};

}  // namespace

BatchMemory recycled_memory(size_t kept) {
  return [pool = std::make_shared<Pool>(kept)](size_t bytes) {
    return std::shared_ptr<std::byte>(pool->take(bytes).release(),
                                      [pool, bytes](std::byte* part) { pool->give_back(Part(part), bytes); });
  };
}

}  // namespace directclr::data
