#include "directclr/train/device.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <filesystem>
#include <fstream>

#include "directclr/core/error.h"

namespace directclr::train {

c10::Device resolve_device(const std::string& asked, int64_t local_rank) {
  if (asked == "cpu" || (asked == "auto" && !at::hasCUDA())) return {c10::kCPU};
  const std::string name = asked == "auto" || asked == "cuda" ? "cuda:" + std::to_string(local_rank) : asked;
  const auto fail = [&](const std::string& what) { return InputError("--device", "'" + name + "' " + what); };
  if (!name.starts_with("cuda:")) throw fail("is no device; allowed: auto, cpu, cuda, cuda:N");
  if (!at::hasCUDA()) throw fail("is not there: no CUDA device, or libtorch without CUDA (tools/setup --cuda)");
  try {
    const c10::Device device(name);
    if (device.index() >= static_cast<int>(at::getNumGPUs())) throw fail("is not there");
    c10::impl::VirtualGuardImpl(device.type()).setDevice(device);
    at::globalContext().setDeterministicCuDNN(true);
    return device;
  } catch (const c10::Error&) {
    throw fail("is no device; allowed: auto, cpu, cuda, cuda:N");
  }
}

void wait_for(c10::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl devices(device.type());
  devices.synchronizeDevice(device.has_index() ? device.index() : devices.getDevice().index());
}

bool resolve_bfloat16(const std::string& precision, c10::Device device) {
  if (precision != "auto") return precision == "bfloat16";
  if (device.is_cuda()) return true;
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");  // processors with AMX have it too
#else
  return false;
#endif
}

Autocast::Autocast(c10::Device device, bool enabled) : device_(device), enabled_(enabled) {
  if (!enabled_) return;
  at::autocast::increment_nesting();
  at::autocast::set_autocast_enabled(device_.type(), true);
  at::autocast::set_autocast_dtype(device_.type(), at::kBFloat16);
}

Autocast::~Autocast() {
  if (!enabled_) return;
  at::autocast::set_autocast_enabled(device_.type(), false);
  // The cache holds bfloat16 copies of the weights, stale once the optimiser has moved them.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
}

std::string device_name(c10::Device device) {
  if (device.is_cpu()) return device.str();
  // A machine's devices are of one model, nearly always.
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    std::ifstream information(entry.path() / "information");
    for (std::string line; std::getline(information, line);) {
      if (line.starts_with("Model:")) return device.str() + " (" + line.substr(line.find_first_not_of(" \t", 6)) + ")";
    }
  }
  return device.str();
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace directclr::train
