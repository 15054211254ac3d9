#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace directclr::train {

/// The device that "auto", "cpu", "cuda" or "cuda:N" names; "auto" and "cuda" mean CUDA device `local_rank`. A CUDA
/// device becomes this thread's current one, and its convolutions those that repeat themselves bit for bit. Throws
/// InputError when it is malformed or not there.
c10::Device resolve_device(const std::string& name, int64_t local_rank = 0);

/// Returns when the device has done all that it was told to do.
void wait_for(c10::Device device);

/// Whether to compute in bfloat16: as asked, or for "auto" where the device multiplies it in hardware (AVX-512 BF16 or
/// AMX on a processor; CUDA devices).
bool resolve_bfloat16(const std::string& precision, c10::Device device);

/// While one lives, operations that may run in bfloat16 do, on this device. Does nothing when not enabled.
class Autocast {
 public:
  Autocast(c10::Device device, bool enabled);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::Device device_;
  bool enabled_;
};

/// "cpu", or "cuda:0 (NVIDIA H200)": the model as the driver tells it, left out where it does not.
std::string device_name(c10::Device device);

/// "AMD EPYC ...": the processor's name, or "unknown".
std::string processor_name();

}  // namespace directclr::train
