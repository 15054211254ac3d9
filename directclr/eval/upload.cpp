#include "directclr/eval/upload.h"

#include <ATen/ops/empty.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <memory>

namespace directclr::eval {
namespace {

c10::Stream current_stream(c10::Device device) { return c10::impl::VirtualGuardImpl(device.type()).getStream(device); }

// "cuda" becomes "cuda:0": streams are of one device.
c10::Device with_index(c10::Device device) {
  if (device.is_cpu() || device.has_index()) return device;
  return c10::impl::VirtualGuardImpl(device.type()).getDevice();
}

}  // namespace

data::BatchMemory memory_for(c10::Device device) {
  if (device.is_cpu()) return nullptr;
  return [](size_t bytes) {
    const auto options = at::TensorOptions().dtype(at::kByte).pinned_memory(true);
    const auto owner = std::make_shared<at::Tensor>(at::empty({static_cast<int64_t>(bytes)}, options));
    return std::shared_ptr<std::byte>(owner, static_cast<std::byte*>(owner->mutable_data_ptr()));
  };
}

Upload::Upload(c10::Device device) : device_(with_index(device)) {
  if (device_.is_cpu()) return;
  stream_ = c10::impl::VirtualGuardImpl(device_.type()).getStreamFromGlobalPool(device_, /*isHighPriority=*/false);
  for (auto& buffer : buffers_) {
    buffer.copied.emplace(device_.type());
    buffer.used.emplace(device_.type());
  }
}

Upload::~Upload() {
  try {
    wait();
  } catch (...) {  // a device that has failed says so elsewhere
  }
}

at::Tensor Upload::begin(const at::Tensor& host) {
  if (!stream_) return host;
  TORCH_CHECK(host.is_cpu() && host.is_contiguous(), "[Upload::begin] expected a contiguous tensor of the host");
  const c10::Stream current = current_stream(device_);
  turn_ = 1 - turn_;
  Buffer& buffer = buffers_[turn_];
  if (!buffer.memory.defined() || buffer.memory.sizes() != host.sizes() ||
      buffer.memory.scalar_type() != host.scalar_type()) {
    buffer.memory = at::empty(host.sizes(), host.options().device(device_).pinned_memory(false));
    buffer.used->record(current);  // the memory is the current stream's: what had it before has to end first
  }
  buffer.used->block(*stream_);
  {
    const c10::StreamGuard guard(*stream_);
    buffer.memory.copy_(host, /*non_blocking=*/true);
  }
  buffer.copied->record(*stream_);
  buffer.copied->block(current);
  return buffer.memory;
}

void Upload::used() {
  if (stream_) buffers_[turn_].used->record(current_stream(device_));
}

void Upload::wait() const {
  if (stream_) buffers_[turn_].copied->synchronize();
}

}  // namespace directclr::eval
