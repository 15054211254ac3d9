#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/core/philox.h"

namespace directclr::test {

inline std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

/// Writes an MNIST-like data set (plain IDX files) of `train` and `test` images, `side` pixels square, in ten classes
/// that differ in brightness; every image has random blocks of its own, so that images can be told apart too.
inline void write_idx_set(const std::filesystem::path& folder, uint32_t train, uint32_t test, uint32_t side = 28) {
  make_directories(folder);
  RandomStream random(7, Purpose::kSplit);
  for (const auto& [prefix, count] : {std::pair{"train", train}, std::pair{"t10k", test}}) {
    std::string images = big_endian(0x803) + big_endian(count) + big_endian(side) + big_endian(side);
    std::string labels = big_endian(0x801) + big_endian(count);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t label = i % 10;
      labels += static_cast<char>(label);
      std::array<uint32_t, 16> blocks;
      for (auto& block : blocks) block = random.below(2);
      for (uint32_t y = 0; y < side; ++y) {
        for (uint32_t x = 0; x < side; ++x) {
          const uint32_t block = blocks[y * 4 / side * 4 + x * 4 / side];
          images += static_cast<char>(20 * label + 40 * block + random.below(15));
        }
      }
    }
    write_file(folder / (std::string(prefix) + "-images-idx3-ubyte"), images);
    write_file(folder / (std::string(prefix) + "-labels-idx1-ubyte"), labels);
  }
}

}  // namespace directclr::test
