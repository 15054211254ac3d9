#include "directclr/image/jpeg_huffman.h"

#include <algorithm>

namespace directclr::image {

HuffmanTable::Entry HuffmanTable::entry_of(uint8_t symbol, int length) const {
  if (!ac_) return {length, 0, symbol};
  if (symbol == 0x00) return {length, kEndOfBlock, 0};
  if (symbol == 0xF0) return {length, kSixteenZeros, 0};
  return {length, symbol >> 4, symbol & 15};
}

HuffmanTable::Entry HuffmanTable::find(uint32_t next) const {
  for (size_t length = kLookupBits + 1; length <= 16; ++length) {
    if (next >= end_[length]) continue;
    const auto place = static_cast<int32_t>(next >> (16 - length)) + offset_[length];
    return entry_of(codes_.symbols[static_cast<size_t>(place)], static_cast<int>(length));
  }
  return {};
}

bool HuffmanTable::build(const JpegHeader::Codes& codes, bool ac) {
  if (codes_ == codes && ac_ == ac && end_[16] != 0) return true;  // pictures of one source share their tables
  codes_ = codes;
  ac_ = ac;
  end_ = {};
  lookup.fill({});
  if (ac) steps.assign(1 << kStepBits, {});
  uint32_t code = 0;  // the next one, of the present length
  int32_t place = 0;  // of its symbol
  for (size_t length = 1; length <= 16; ++length, code <<= 1) {
    const uint32_t count = codes.counts[length - 1];
    if (code + count > (1U << length)) return false;
    offset_[length] = place - static_cast<int32_t>(code);
    for (uint32_t i = 0; i < count; ++i, ++code, ++place) {
      const uint8_t symbol = codes.symbols[static_cast<size_t>(place)];
      const int size = ac ? symbol & 15 : symbol;
      if (size > (ac ? 10 : 11) || (ac && size == 0 && symbol != 0 && symbol != 0xF0)) return false;
      const Entry entry = entry_of(symbol, static_cast<int>(length));
      if (ac) add_steps(code, entry);
      if (length > kLookupBits) continue;
      const size_t free = kLookupBits - length;
      std::fill_n(lookup.begin() + (static_cast<ptrdiff_t>(code) << free), 1 << free, entry);
    }
    end_[length] = code << (16 - length);
  }
  if (ac) pair_steps();
  return true;
}

// The steps that begin with this code, as if nothing came after it.
void HuffmanTable::add_steps(uint32_t code, Entry entry) {
  const int free = kStepBits - entry.bits(), size = entry.size();
  const bool ends = entry.run() == kEndOfBlock;
  if (free < 0 || size > 7 || (entry.run() >= kEndOfBlock && !ends)) return;
  for (int bits = 0; bits < 1 << size; ++bits) {
    // A leading 0 says that the value is negative (T.81, F.2.2.1).
    const int value = size > 0 && bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
    const auto at = static_cast<ptrdiff_t>((code << size | static_cast<uint32_t>(bits)) << free);
    std::fill_n(
        steps.begin() + at, 1 << free,
        ends ? Step(entry.bits(), 0, Step::kEnd, 0, 0) : Step(entry.bits(), entry.run(), entry.run(), value, value));
  }
}

// Makes one of a coefficient and what comes after it, where both fit.
void HuffmanTable::pair_steps() {
  const std::vector<Step> alone = steps;
  for (size_t bits = 0; bits < alone.size(); ++bits) {
    const Step one = alone[bits], two = alone[bits << one.bits() & (alone.size() - 1)];
    const int both = one.bits() + two.bits();
    if (one.last() >= Step::kEnd || two.last() == Step::kNone || both > kStepBits) continue;
    const int last = two.last() == Step::kEnd ? Step::kEnd : one.first() + 1 + two.first();
    steps[bits] = {both, one.first(), last, one.first_value(), two.first_value()};
  }
}

}  // namespace directclr::image
