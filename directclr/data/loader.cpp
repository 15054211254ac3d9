#include "directclr/data/loader.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/share.h"
#include "directclr/core/text.h"
#include "directclr/data/sampler.h"
#include "directclr/data/views.h"

namespace directclr::data {
namespace {

// Batches in flight: one with the consumer, two being filled or waiting.
constexpr uint64_t kRing = 3;

// The memory of one batch.
struct Room {
  std::shared_ptr<std::byte> images, local_images;
  std::shared_ptr<std::byte> label_memory;
  std::vector<uint32_t> indices;
};

// Reused for every kRing-th batch.
struct Slot : Room {
  std::atomic<int64_t> missing{0};  // images still to come

  int64_t* labels() const { return reinterpret_cast<int64_t*>(label_memory.get()); }
};

std::shared_ptr<std::byte> plain_memory(size_t bytes) {
  return std::shared_ptr<std::byte>(new std::byte[bytes]{}, std::default_delete<std::byte[]>());
}

}  // namespace

class Loader::Impl {
 public:
  Impl(const Source& source, const LoaderOptions& options)
      : source_(source), options_(options), table_(options.augment.normalization()) {
    const uint64_t size = source.size();
    const auto batch = static_cast<uint64_t>(options.batch_size);
    const auto parts = static_cast<uint64_t>(options.parts);
    slot_size_ = (batch + parts - 1) / parts;
    per_epoch_ = options.keep_last ? (size + batch - 1) / batch : size / batch;
    if (per_epoch_ == 0) {
      throw InputError("--batch-size",
                       format("%llu is larger than the data (%llu images)", static_cast<unsigned long long>(batch),
                              static_cast<unsigned long long>(size)),
                       "use a smaller batch");
    }
    const bool training = options.transform == Transform::kTrainingViews;
    views_ = training ? 2 : 1;
    local_views_ = training ? options.augment.local_views : 0;
    const auto bytes = [&](int64_t side) { return static_cast<size_t>(side * side * 3) * size_of(options.format); };
    view_bytes_ = bytes(options.augment.image_size);
    local_bytes_ = bytes(options.augment.local_size);
    const uint64_t epochs = options.end_epoch > options.first_epoch ? options.end_epoch - options.first_epoch : 0;
    const uint64_t total = epochs * per_epoch_;
    end_ = total > options.first_batch ? total - options.first_batch : 0;
    for (Room& slot : slots_) slot = room();
    for (uint64_t b = 0; b < std::min(end_, kRing); ++b) open_slot(b);
    workers_.reserve(static_cast<size_t>(options.workers));
    for (int64_t w = 0; w < options.workers; ++w) workers_.emplace_back([this] { work(); });
  }

  ~Impl() {
    try {
      wait_for_readers();
    } catch (...) {  // what failed there says so there
    }
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    room_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  uint64_t per_epoch() const { return per_epoch_; }
  uint64_t skipped() const { return skipped_.load(); }

  bool next(Batch& batch) {
    wait_for_readers();
    std::unique_lock lock(mutex_);
    if (holding_) {  // the consumer is done with the batch it got last: its slot is free again
      holding_ = kept_ = false;
      ++delivered_;
      if (delivered_ + kRing - 1 < end_) open_slot(delivered_ + kRing - 1);
      room_.notify_all();
    }
    if (delivered_ == end_) return false;
    Slot& slot = slots_[delivered_ % kRing];
    ready_.wait(lock, [&] { return failure_ || slot.missing.load() == 0; });
    if (failure_) std::rethrow_exception(failure_);
    holding_ = true;
    const Place place = place_of(delivered_);
    batch = {place.epoch,   place.number,       place.count,  options_.format,
             views_,        slot.images.get(),  local_views_, slot.local_images.get(),
             slot.labels(), slot.indices.data()};
    return true;
  }

  std::shared_ptr<const void> keep() {
    if (!holding_ || kept_) return nullptr;
    kept_ = true;
    Room& slot = slots_[delivered_ % kRing];
    return std::make_shared<Room>(std::exchange(slot, room()));
  }

 private:
  Room room() const {
    const BatchMemory memory = options_.memory ? options_.memory : plain_memory;
    Room made;
    made.images = memory(view_bytes_ * slot_size_ * static_cast<uint64_t>(views_));
    if (local_views_ > 0) made.local_images = memory(local_bytes_ * slot_size_ * static_cast<uint64_t>(local_views_));
    made.label_memory = memory(slot_size_ * sizeof(int64_t));
    made.indices.resize(slot_size_);
    return made;
  }

  // Where batch `b`, counted from the loader's start, lies.
  struct Place {
    uint32_t epoch;
    uint64_t number;
    int64_t first;  // place of the first image in the epoch's order
    int64_t count;
  };

  void wait_for_readers() const {
    if (holding_ && options_.before_reuse) options_.before_reuse();
  }

  Place place_of(uint64_t b) const {
    const uint64_t absolute = b + options_.first_batch;
    const uint64_t number = absolute % per_epoch_;
    const auto begin = static_cast<int64_t>(number) * options_.batch_size;
    const int64_t whole = std::min(options_.batch_size, static_cast<int64_t>(source_.size()) - begin);
    const Share mine = share_of(whole, options_.part, options_.parts);
    return {static_cast<uint32_t>(options_.first_epoch + absolute / per_epoch_), number, begin + mine.first,
            mine.count};
  }

  // Lays out batch `b` in its slot: which images it holds. Called with the lock held (or before the threads start).
  void open_slot(uint64_t b) {
    const Place place = place_of(b);
    if (order_.empty() || order_epoch_ != place.epoch) {
      order_epoch_ = place.epoch;
      const auto size = static_cast<uint32_t>(source_.size());
      if (options_.shuffle) {
        order_ = epoch_order(options_.seed, place.epoch, size, static_cast<uint32_t>(options_.shuffle_block));
      } else if (order_.empty()) {
        order_.resize(size);
        std::iota(order_.begin(), order_.end(), 0U);
      }
    }
    Slot& slot = slots_[b % kRing];
    std::copy_n(order_.begin() + static_cast<ptrdiff_t>(place.first), place.count, slot.indices.begin());
    slot.missing = place.count;
    opened_.store(b + 1, std::memory_order_release);
  }

  void work() {
    if (options_.yield_to_trainer) {
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 10);
    }
    image::Region region;
    image::Planes planes;
    while (true) {
      const uint64_t ticket = ticket_.fetch_add(1, std::memory_order_relaxed);
      const uint64_t b = ticket / slot_size_;
      if (b >= end_) return;
      if (b >= opened_.load(std::memory_order_acquire)) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return stopping_ || b < opened_.load(); });
      }
      if (stopping_) return;
      const Place place = place_of(b);
      const auto position = static_cast<int64_t>(ticket % slot_size_);
      if (position >= place.count) continue;  // a ticket past the end of a short batch or part
      Slot& slot = slots_[b % kRing];
      try {
        fill(slot, place, position, region, planes);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        ready_.notify_all();
        return;
      }
      if (slot.missing.fetch_sub(1) == 1) {
        const std::lock_guard lock(mutex_);
        ready_.notify_all();
      }
    }
  }

  void fill(Slot& slot, const Place& place, int64_t position, image::Region& region, image::Planes& planes) {
    const uint32_t index = slot.indices[static_cast<size_t>(position)];
    // What will be seen of the image is drawn once its size is known, and only that is decoded.
    std::array<ViewParams, 2 + AugmentSettings::kMostLocalViews> views;
    const int64_t all_views = views_ + local_views_;
    const bool whole = options_.transform == Transform::kEvaluation;
    const auto choose = [&](image::Size size) {
      image::Box needed;
      for (int64_t view = 0; view < all_views; ++view) {
        auto& params = views[static_cast<size_t>(view)];
        params = draw(place.epoch, index, static_cast<uint8_t>(view), size);
        needed = view == 0 ? params.crop : image::around(needed, params.crop);
      }
      return needed;
    };
    const uint64_t loaded = load(index, whole, choose, region);
    slot.labels()[position] = source_.label(loaded);
    slot.indices[static_cast<size_t>(position)] = static_cast<uint32_t>(loaded);
    if (!whole) choose(region.whole);  // of the image that was loaded, which may be another
    for (int64_t view = 0; view < all_views; ++view) {
      auto& params = views[static_cast<size_t>(view)];
      params.crop.left -= region.box.left;
      params.crop.top -= region.box.top;
      if (whole) {
        render_eval_view(region.image, options_.augment, planes);
      } else {
        render_view(region.image, params, options_.augment, planes);
      }
      const bool small = view >= views_;
      const auto row = static_cast<size_t>((small ? view - views_ : view) * place.count + position);
      table_.write(planes, options_.format,
                   small ? slot.local_images.get() + row * local_bytes_ : slot.images.get() + row * view_bytes_);
    }
  }

  ViewParams draw(uint32_t epoch, uint32_t index, uint8_t view, image::Size size) const {
    if (options_.transform == Transform::kTrainingViews) {
      return sample_view(options_.augment, options_.seed, epoch, index, view, size.width, size.height);
    }
    return sample_crop_and_flip(options_.augment, options_.seed, epoch, index, size.width, size.height);
  }

  // Loads what is needed of image `index`, or with skip_bad of the next one after it that decodes.
  uint64_t load(uint64_t index, bool whole, const std::function<image::Box(image::Size)>& choose,
                image::Region& region) {
    const auto attempt = [&](uint64_t candidate) {
      if (whole) {
        source_.load(candidate, region.image);
        region.box = {};
      } else {
        source_.load_region(candidate, choose, region);
      }
      return candidate;
    };
    if (!options_.skip_bad) return attempt(index);
    for (uint64_t step = 0; step < source_.size(); ++step) {
      try {
        return attempt((index + step) % source_.size());
      } catch (const InputError& error) {
        if (step == 0) {
          skipped_.fetch_add(1);
          options_.notice(std::string("skipped ") + error.what());
        }
      }
    }
    throw InputError(source_.describe(index), "no image of the data set can be decoded");
  }

  const Source& source_;
  const LoaderOptions options_;
  const NormalizeTable table_;
  uint64_t per_epoch_ = 0;
  uint64_t slot_size_ = 0;  // images that a batch holds at most
  int64_t views_ = 1, local_views_ = 0;
  size_t view_bytes_ = 0, local_bytes_ = 0;
  uint64_t end_ = 0;  // batches to deliver

  Slot slots_[kRing];
  std::vector<uint32_t> order_;
  uint32_t order_epoch_ = 0;
  std::vector<std::thread> workers_;
  std::atomic<uint64_t> ticket_{0};  // next image to take, counted over full slots
  std::atomic<uint64_t> opened_{0};  // batches whose slot has been laid out
  std::atomic<uint64_t> skipped_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable room_;   // for workers: a slot was opened
  std::condition_variable ready_;  // for the consumer: a batch is full
  uint64_t delivered_ = 0;         // batches given back
  bool holding_ = false;           // the consumer has a batch
  bool kept_ = false;              // and has taken its memory
  std::exception_ptr failure_;
};

Loader::Loader(const Source& source, const LoaderOptions& options) : impl_(std::make_unique<Impl>(source, options)) {}
Loader::~Loader() = default;
uint64_t Loader::batches_per_epoch() const { return impl_->per_epoch(); }
uint64_t Loader::skipped() const { return impl_->skipped(); }
bool Loader::next(Batch& batch) { return impl_->next(batch); }
std::shared_ptr<const void> Loader::keep() { return impl_->keep(); }

}  // namespace directclr::data
