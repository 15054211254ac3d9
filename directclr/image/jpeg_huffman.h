#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "directclr/image/jpeg_header.h"

namespace directclr::image {

/// A Huffman table of a JPEG ready to decode with. A code stands before some more bits, the value; one look at the next
/// bits tells the lengths of both and how far to move on, or at once the values of two short codes.
class HuffmanTable {
 public:
  static constexpr int kLookupBits = 9;

  /// Packed so that a shift by the whole number, of which the processor takes the low six bits, is one by its first
  /// field.
  class Entry {
   public:
    constexpr Entry() = default;
    /// A code of `code` bits before a value of `size` bits, after `run` coefficients that are 0.
    constexpr Entry(int code, int run, int size)
        : packed_(static_cast<uint32_t>(code + size) | static_cast<uint32_t>((64 - size) & 63) << 8 |
                  static_cast<uint32_t>(code) << 16 | static_cast<uint32_t>(run) << 24) {}
    uint32_t packed() const { return packed_; }
    int bits() const { return static_cast<int>(packed_ & 63); }  // of code and value
    int size() const { return static_cast<int>(64 - value_shift()) & 63; }
    uint32_t value_shift() const { return packed_ >> 8; }  // 64 - size, in the low six bits; a size of 0 is 64's
    uint32_t code_bits() const { return packed_ >> 16; }   // in the low six bits
    int run() const { return static_cast<int>(packed_ >> 24); }

   private:
    uint32_t packed_ = uint32_t{kLong} << 24;
  };
  /// Runs that are none: the block ends; sixteen zeros; a code of more than kLookupBits bits, to be found by find().
  static constexpr int kEndOfBlock = 64, kSixteenZeros = 65, kLong = 66;

  std::array<Entry, 1 << kLookupBits> lookup;

  static constexpr int kStepBits = 11;

  /// One or two AC coefficients whose codes and values fit into kStepBits bits, or the end of the block, perhaps after
  /// one. Of a coefficient alone the second is the same again. Packed for shifting, as an entry is.
  class Step {
   public:
    static constexpr int kEnd = 62, kNone = 63;
    constexpr Step() = default;
    /// first: coefficients that are 0 before the first one; last: coefficients before the second one, kEnd or kNone
    /// (other codes). Values from -127 to 127; a first one of 0 before the end is none.
    constexpr Step(int bits, int first, int last, int first_value, int last_value)
        : packed_(static_cast<uint32_t>(bits) | static_cast<uint32_t>(last) << 6 | static_cast<uint32_t>(first) << 12 |
                  static_cast<uint32_t>(static_cast<uint8_t>(first_value)) << 16 |
                  static_cast<uint32_t>(static_cast<uint8_t>(last_value)) << 24) {}
    uint32_t packed() const { return packed_; }
    int bits() const { return static_cast<int>(packed_ & 63); }
    int first() const { return static_cast<int>(packed_ >> 12 & 15); }
    int last() const { return static_cast<int>(packed_ >> 6 & 63); }
    int8_t first_value() const { return static_cast<int8_t>(packed_ >> 16); }
    int8_t last_value() const { return static_cast<int8_t>(packed_ >> 24); }

   private:
    uint32_t packed_ = uint32_t{kNone} << 6;
  };

  /// Of AC coefficients, by the next kStepBits bits.
  std::vector<Step> steps;

  /// The entry of the code that the 16 bits begin with; its run is kLong where no code does.
  Entry find(uint32_t next_16_bits) const;

  /// Of AC coefficients or of DC differences. False where no baseline file could have such a table.
  bool build(const JpegHeader::Codes& codes, bool ac);

 private:
  Entry entry_of(uint8_t symbol, int length) const;
  void add_steps(uint32_t code, Entry entry);
  void pair_steps();

  JpegHeader::Codes codes_;
  bool ac_ = false;
  std::array<uint32_t, 17> end_{};    // of the codes of each length, as 16 bits
  std::array<int32_t, 17> offset_{};  // from a code of that length to its symbol's place
};

}  // namespace directclr::image
