#include "directclr/io/event_file.h"

#include <gtest/gtest.h>

#include "directclr/core/checksum.h"
#include "tests/support/temporary_folder.h"

namespace directclr::io {
namespace {

// TensorBoard's own reader is asked in tests/cli/with_python.py; here the framing and one record byte by byte.
TEST(EventFile, FramesRecordsAsTensorBoardReadsThem) {
  const test::TemporaryFolder folder;
  EventFile(folder / "events", 0, 1.0).add(3, 2.0, {{"loss", 0.5}});
  const std::string bytes = read_file(folder / "events");
  const auto length = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(bytes[at])); };
  const size_t first = length(0);
  const std::string version = bytes.substr(12, first);
  EXPECT_EQ(version.substr(9),
            "\x1A\x0D"
            "brain.Event:2");
  const size_t second_at = 12 + first + 4;
  const std::string event = bytes.substr(second_at + 12, length(second_at));
  EXPECT_EQ(event, std::string("\x09\0\0\0\0\0\0\0\x40"
                               "\x10\x03"
                               "\x2A\x0D"
                               "\x0A\x0B"
                               "\x0A\x04loss"
                               "\x15\0\0\0\x3F",
                               26));
  const uint32_t crc = crc32c(event.data(), event.size());
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
  EXPECT_EQ(bytes.substr(second_at + 12 + event.size()), std::string(reinterpret_cast<const char*>(&masked), 4));
}

}  // namespace
}  // namespace directclr::io
