#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace directclr::io {

/// The bytes of one protocol buffer, field after field. libtorch carries a libprotobuf of its own and shows its names;
/// a second one in the same process would not be safe, and the dozen message types written here need none.
class ProtobufMessage {
 public:
  /// A varint: int64, enum, bool.
  void add_integer(int field, int64_t value) {
    tag(field, kVarint);
    varint(static_cast<uint64_t>(value));
  }
  void add_float(int field, float value) { fixed(field, kFixed32, value); }
  void add_double(int field, double value) { fixed(field, kFixed64, value); }
  /// Text, bytes.
  void add(int field, std::string_view bytes) {
    tag(field, kBytes);
    varint(bytes.size());
    bytes_ += bytes;
  }
  void add(int field, const ProtobufMessage& message) { add(field, message.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  // Wire format: tag = field number << 3 | wire type.
  enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void tag(int field, Wire wire) { varint(static_cast<uint64_t>(field << 3 | wire)); }
  template <class T>
  void fixed(int field, Wire wire, T value) {
    tag(field, wire);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::string bytes_;
};

}  // namespace directclr::io
