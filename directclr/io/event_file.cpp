#include "directclr/io/event_file.h"

#include <numeric>

#include "directclr/core/checksum.h"
#include "directclr/io/protobuf.h"

namespace directclr::io {
namespace {

// A repeated field of doubles, packed.
void add_doubles(ProtobufMessage& message, int field, const std::vector<double>& values) {
  message.add(field, std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)));
}

ProtobufMessage histogram_message(const EventHistogram& h) {
  ProtobufMessage message;  // HistogramProto
  const double numbers = std::accumulate(h.count.begin(), h.count.end(), 0.0);
  const double fields[] = {h.least, h.largest, numbers, h.sum, h.sum_of_squares};
  for (int field = 1; field <= 5; ++field) message.add_double(field, fields[field - 1]);
  add_doubles(message, 6, h.limit);
  add_doubles(message, 7, h.count);
  return message;
}

uint32_t masked_crc(const void* data, size_t bytes) {
  const uint32_t crc = crc32c(data, bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& path, uint64_t keep_bytes, double wall_seconds)
    : file_(path, keep_bytes) {
  if (file_.size() > 0) return;
  ProtobufMessage event;
  event.add_double(1, wall_seconds);  // Event.wall_time
  event.add(3, "brain.Event:2");      // Event.file_version
  record(event.bytes());
}

void EventFile::add(int64_t step, double wall_seconds, const std::vector<std::pair<std::string, double>>& values,
                    const std::vector<EventHistogram>& histograms) {
  ProtobufMessage summary;
  for (const auto& [tag, value] : values) {
    ProtobufMessage point;
    point.add(1, tag);                              // Summary.Value.tag
    point.add_float(2, static_cast<float>(value));  // Summary.Value.simple_value
    summary.add(1, point);                          // Summary.value
  }
  for (const auto& histogram : histograms) {
    ProtobufMessage value;
    value.add(1, histogram.name);                // Summary.Value.tag
    value.add(5, histogram_message(histogram));  // Summary.Value.histo
    summary.add(1, value);
  }
  ProtobufMessage event;
  event.add_double(1, wall_seconds);  // Event.wall_time
  event.add_integer(2, step);         // Event.step
  event.add(5, summary);              // Event.summary
  record(event.bytes());
}

void EventFile::record(const std::string& event) {
  const uint64_t length = event.size();
  const uint32_t length_crc = masked_crc(&length, 8);
  const uint32_t event_crc = masked_crc(event.data(), event.size());
  std::string bytes;
  bytes.append(reinterpret_cast<const char*>(&length), 8);
  bytes.append(reinterpret_cast<const char*>(&length_crc), 4);
  bytes += event;
  bytes.append(reinterpret_cast<const char*>(&event_crc), 4);
  file_.append(bytes);
}

}  // namespace directclr::io
