#pragma once

#include <array>
#include <cstdint>

namespace directclr {

/// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC
/// 2011). A pure function: the same key and counter give the same four words on every machine, so a random number
/// belongs to *what it is for* and not to when it was drawn.
constexpr std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// What a stream of random numbers is for. Part of the counter, so adding a purpose shifts no other stream.
/// The values are part of the data stream's identity: never renumber (docs/formats.md, "Random numbers").
enum class Purpose : uint8_t {
  kCrop = 0,
  kFlip = 1,
  kJitter = 2,
  kGrayscale = 3,
  kBlur = 4,
  kSolarize = 5,
  kPermutation = 16,
  kInitialWeights = 17,
  kDropDimensions = 18,
  kFixedRotation = 19,
  kSplit = 20,  // 21 was used by earlier versions
  kTheoryWeights = 32,
  kTheoryPoints = 33,
  kTheoryBatch = 34,
  kTheoryNoise = 35,
  kTheoryCheck = 36,
  kBootstrap = 48,
};

/// The random numbers of one purpose, keyed by (seed, epoch, sample, view, purpose), in order.
/// Not thread-safe; cheap to make, so make one where it is needed.
class RandomStream {
 public:
  RandomStream(uint64_t seed, Purpose purpose, uint32_t epoch = 0, uint64_t sample = 0, uint8_t view = 0)
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
        // 48 bits of sample id, 8 of view, 8 of purpose; then the epoch; then the block that this stream counts up.
        base_{static_cast<uint32_t>(sample),
              (static_cast<uint32_t>(sample >> 32) & 0xFFFF) | uint32_t{view} << 16 |
                  static_cast<uint32_t>(purpose) << 24,
              epoch} {}

  /// The next 32 random bits.
  uint32_t bits() {
    if (used_ == 4) {
      words_ = philox4x32({base_[0], base_[1], base_[2], block_++}, key_);
      used_ = 0;
    }
    return words_[used_++];
  }

  /// A run of whole blocks, to be computed by whoever asked for them: block i is philox4x32 of the counter with i added
  /// to its last word.
  struct Blocks {
    std::array<uint32_t, 4> counter;
    std::array<uint32_t, 2> key;
  };
  /// Hands out the next `count` blocks. What is left of the block begun is skipped.
  Blocks take_blocks(uint32_t count) {
    const Blocks blocks{{base_[0], base_[1], base_[2], block_}, key_};
    block_ += count;
    used_ = 4;
    return blocks;
  }

  /// Uniform on [0, 1), a multiple of 2^-24.
  double uniform() { return (bits() >> 8) * 0x1p-24; }

  /// Uniform on [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform on 0 .. n-1 by multiply-high; the bias is at most n / 2^32. Requires n >= 1.
  uint32_t below(uint32_t n) { return static_cast<uint32_t>((uint64_t{bits()} * n) >> 32); }

  /// True with probability p.
  bool chance(double p) { return uniform() < p; }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 3> base_;
  uint32_t block_ = 0;
  std::array<uint32_t, 4> words_{};
  int used_ = 4;
};

}  // namespace directclr
