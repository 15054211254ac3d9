#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace directclr {

/// CRC-32C (Castagnoli, reflected 0x82F63B78) of the bytes, continuing from `crc` (0 to begin).
/// The checksum of checkpoints and of TensorBoard records. Check value: "123456789" -> 0xE3069283.
uint32_t crc32c(const void* data, size_t bytes, uint32_t crc = 0);

/// FNV-1a, 64 bits, continuing from `hash`. Fingerprints of data sets and settings; not cryptographic.
constexpr uint64_t fnv1a(std::string_view bytes, uint64_t hash = 0xCBF29CE484222325) {
  for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  return hash;
}

}  // namespace directclr
