#include "directclr/io/event_file.h"

#include <cstring>
#include <numeric>

#include "directclr/core/checksum.h"

namespace directclr::io {
namespace {

// Protocol buffer wire format: tag = field number << 3 | wire type.
enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_tag(std::string& out, int field, Wire wire) { put_varint(out, static_cast<uint64_t>(field << 3 | wire)); }

template <class T>
void put_fixed(std::string& out, int field, Wire wire, T value) {
  put_tag(out, field, wire);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_bytes(std::string& out, int field, const std::string& bytes) {
  put_tag(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

// A repeated field of doubles, packed.
void put_doubles(std::string& out, int field, const std::vector<double>& values) {
  put_bytes(out, field, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

std::string histogram_message(const EventHistogram& h) {
  std::string message;  // HistogramProto
  const double numbers = std::accumulate(h.count.begin(), h.count.end(), 0.0);
  const double fields[] = {h.least, h.largest, numbers, h.sum, h.sum_of_squares};
  for (int field = 1; field <= 5; ++field) put_fixed(message, field, kFixed64, fields[field - 1]);
  put_doubles(message, 6, h.limit);
  put_doubles(message, 7, h.count);
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
  std::string event;
  put_fixed(event, 1, kFixed64, wall_seconds);  // Event.wall_time
  put_bytes(event, 3, "brain.Event:2");         // Event.file_version
  record(event);
}

void EventFile::add(int64_t step, double wall_seconds, const std::vector<std::pair<std::string, double>>& values,
                    const std::vector<EventHistogram>& histograms) {
  std::string summary;
  for (const auto& [tag, value] : values) {
    std::string point;
    put_bytes(point, 1, tag);                                  // Summary.Value.tag
    put_fixed(point, 2, kFixed32, static_cast<float>(value));  // Summary.Value.simple_value
    put_bytes(summary, 1, point);                              // Summary.value
  }
  for (const auto& histogram : histograms) {
    std::string value;
    put_bytes(value, 1, histogram.name);                // Summary.Value.tag
    put_bytes(value, 5, histogram_message(histogram));  // Summary.Value.histo
    put_bytes(summary, 1, value);
  }
  std::string event;
  put_fixed(event, 1, kFixed64, wall_seconds);  // Event.wall_time
  put_tag(event, 2, kVarint);                   // Event.step
  put_varint(event, static_cast<uint64_t>(step));
  put_bytes(event, 5, summary);  // Event.summary
  record(event);
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
