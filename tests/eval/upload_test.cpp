// Copies to a device that has streams and events, made up here: what a stream is told waits in its queue until somebody
// waits for it, and then as little is done as that needs, in the order that is worst. A device is allowed all of this.
#include "directclr/eval/upload.h"

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>

#include "directclr/data/sources.h"
#include "directclr/eval/batch_images.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::eval {
namespace {

const c10::Device kMadeUp(c10::DeviceType::PrivateUse1, 0);

class Machine {
 public:
  struct Order {
    std::function<bool()> ready;
    std::function<void()> work;
  };

  void tell(c10::StreamId stream, const std::function<void()>& work) {
    queues_[stream].push_back({[] { return true; }, work});
  }
  void tell_to_wait(c10::StreamId stream, const std::shared_ptr<bool>& event) {
    queues_[stream].push_back({[event] { return *event; }, [] {}});
  }

  // Goes on until `done`: as long as it can with the orders of the favoured kind of stream, then with one of another.
  void run(const std::function<bool()>& done) {
    while (!done()) {
      if (!advance(favoured) && !advance(1 - favoured)) throw std::logic_error("a deadlock");
    }
  }
  void run_all() {
    run([this] {
      return std::all_of(queues_.begin(), queues_.end(), [](const auto& queue) { return queue.second.empty(); });
    });
  }

  void forget() { queues_.clear(); }

  c10::StreamId current = 0;  // 0 computes, 1 copies
  c10::StreamId favoured = 0;
  std::map<size_t, std::vector<void*>> free_memory;  // given out again, last in first out

 private:
  bool advance(c10::StreamId stream) {
    auto& queue = queues_[stream];
    if (queue.empty() || !queue.front().ready()) return false;
    const Order order = queue.front();
    queue.pop_front();
    order.work();
    return true;
  }

  std::map<c10::StreamId, std::deque<Order>> queues_;
};

Machine& machine() {
  static auto* const the_one = new Machine;  // and its memory, as long as the program
  return *the_one;
}

struct MadeUpStreams final : c10::impl::DeviceGuardImplInterface {
  using Event = std::shared_ptr<bool>;  // of the last recording: whether it came to pass

  static c10::Stream stream_of(c10::StreamId id) { return c10::Stream(c10::Stream::UNSAFE, kMadeUp, id); }

  c10::DeviceType type() const override { return kMadeUp.type(); }
  c10::Device exchangeDevice(c10::Device) const override { return kMadeUp; }
  c10::Device getDevice() const override { return kMadeUp; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return stream_of(machine().current); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override { return stream_of(1); }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    return stream_of(std::exchange(machine().current, stream.id()));
  }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }

  void record(void** event, const c10::Stream& stream, const c10::DeviceIndex, const c10::EventFlag) const override {
    if (!*event) *event = new Event;
    auto done = std::make_shared<bool>(false);
    *static_cast<Event*>(*event) = done;
    machine().tell(stream.id(), [done] { *done = true; });
  }
  void block(void* event, const c10::Stream& stream) const override {
    machine().tell_to_wait(stream.id(), *static_cast<Event*>(event));
  }
  void synchronizeEvent(void* event) const override {
    machine().run([done = *static_cast<Event*>(event)] { return *done; });
  }
  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override { delete static_cast<Event*>(event); }
};

// The memory of the made-up device, which is the host's in truth.
struct MadeUpMemory final : c10::Allocator {
  struct Piece {
    void* data;
    size_t bytes;
  };
  c10::DataPtr allocate(size_t bytes) override {
    auto& free = machine().free_memory[bytes];
    void* data = nullptr;
    if (free.empty()) {
      data = ::operator new(std::max<size_t>(bytes, 1));
    } else {
      data = free.back();
      free.pop_back();
    }
    const auto give_back = [](void* context) {
      const std::unique_ptr<Piece> piece(static_cast<Piece*>(context));
      machine().free_memory[piece->bytes].push_back(piece->data);
    };
    return {data, new Piece{data, bytes}, give_back, kMadeUp};
  }
  void copy_data(void*, const void*, std::size_t) const override { throw std::logic_error("not asked for"); }
};

at::Tensor made_up_empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                         std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  static MadeUpMemory memory;
  return at::Tensor(at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(size), &memory,
                                              c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                              type.value_or(at::kFloat), format));
}

at::Tensor made_up_copy(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  machine().tell(machine().current, [source = from.data_ptr(), target = to.data_ptr(), bytes = from.nbytes()] {
    std::memcpy(target, source, bytes);
  });
  if (!non_blocking) machine().run_all();
  return to;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", made_up_empty);
  library.impl("_copy_from", made_up_copy);
}

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() {
    static const c10::impl::DeviceGuardImplRegistrar registered(kMadeUp.type(), new MadeUpStreams);
    machine().forget();
  }
};

constexpr int64_t kUploads = 9, kUploadedNumbers = 8;

// A loader with a single slot, whose memory is written to again at once: of every batch the device must see the batch.
TEST_F(UploadTest, EveryBatchArrivesWhoeverIsFast) {
  for (const c10::StreamId favoured : {0, 1}) {
    machine().favoured = favoured;
    {  // memory that was somebody else's, who still writes to it
      const at::Tensor before = at::empty({kUploadedNumbers}, at::TensorOptions(kMadeUp).dtype(at::kLong));
      machine().tell(0, [data = static_cast<int64_t*>(before.data_ptr())] { std::fill_n(data, kUploadedNumbers, -1); });
    }
    std::vector<std::vector<int64_t>> seen(kUploads);
    {
      std::vector<int64_t> memory(kUploadedNumbers);
      Upload upload(kMadeUp);
      for (int64_t k = 0; k < kUploads; ++k) {
        if (k > 0) upload.wait();
        std::fill(memory.begin(), memory.end(), k);
        const int64_t count = k == 5 ? kUploadedNumbers / 2 : kUploadedNumbers;  // a short batch
        const at::Tensor there = upload.begin(at::from_blob(memory.data(), {count}, at::kLong));
        EXPECT_EQ(there.device(), kMadeUp);
        machine().tell(0, [&seen, k, count, data = static_cast<const int64_t*>(there.data_ptr())] {
          seen[static_cast<size_t>(k)].assign(data, data + count);
        });
        upload.used();
        if (favoured == 1 && k == 3) {
          upload.wait();
          EXPECT_TRUE(seen[2].empty()) << "the copy ended before the batch before was computed with";
        }
      }
    }
    machine().run_all();
    for (int64_t k = 0; k < kUploads; ++k) {
      EXPECT_EQ(seen[static_cast<size_t>(k)], std::vector<int64_t>(k == 5 ? kUploadedNumbers / 2 : kUploadedNumbers, k))
          << "favoured: " << favoured << ", batch " << k;
    }
  }
}

TEST_F(UploadTest, EndsWithItsCopies) {
  std::vector<int64_t> memory(kUploadedNumbers, 7);
  at::Tensor there;
  {
    Upload upload(kMadeUp);
    there = upload.begin(at::from_blob(memory.data(), {kUploadedNumbers}, at::kLong));
    EXPECT_EQ(machine().current, 0) << "the caller's stream is what it was";
  }
  std::fill(memory.begin(), memory.end(), 0);  // whose it is may give it up
  machine().run_all();
  EXPECT_EQ(static_cast<const int64_t*>(there.data_ptr())[kUploadedNumbers - 1], 7);
}

TEST_F(UploadTest, CopiesNothingOnProcessors) {
  Upload upload(at::kCPU);
  const at::Tensor host = at::arange(6);
  EXPECT_EQ(upload.begin(host).data_ptr(), host.data_ptr());
  upload.used();
  upload.wait();
  EXPECT_FALSE(memory_for(at::kCPU));
  data::LoaderOptions options;
  BatchImages(options.augment, at::kCPU).fetch_from(options);
  EXPECT_FALSE(options.memory || options.before_reuse);
}

}  // namespace
}  // namespace directclr::eval
