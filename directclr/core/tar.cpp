#include "directclr/core/tar.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

constexpr uint64_t kBlock = 512;

[[noreturn]] void fail(const std::string& where, uint64_t at, const char* what) {
  throw InputError(where, format("%s at byte %llu", what, static_cast<unsigned long long>(at)));
}

// A number field: octal digits, or with the top bit set big-endian binary. Returns false for anything else.
bool read_number(std::string_view field, uint64_t& value) {
  value = 0;
  if (!field.empty() && (static_cast<unsigned char>(field[0]) & 0x80) != 0) {
    if (static_cast<unsigned char>(field[0]) != 0x80) return false;
    for (const char c : field.substr(1)) {
      if (value >> 55) return false;
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return true;
  }
  size_t i = 0;
  while (i < field.size() && field[i] == ' ') ++i;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i) {
    if (value >> 60) return false;
    value = value << 3 | static_cast<uint64_t>(field[i] - '0');
  }
  return std::all_of(field.begin() + static_cast<ptrdiff_t>(i), field.end(), [](char c) { return c == 0 || c == ' '; });
}

std::string text_of(std::string_view field) { return std::string(field.substr(0, field.find('\0'))); }

// The sum of a header's bytes with its own field taken for blanks.
uint64_t checksum(std::string_view header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return sum;
}

// The value of `path` in the records "LENGTH KEY=VALUE\n" of a POSIX extended header; empty if there is none.
std::string path_record(std::string_view records) {
  while (!records.empty()) {
    const size_t space = records.find(' ');
    int64_t length = 0;
    if (space == std::string_view::npos || !parse_int(std::string(records.substr(0, space)), length) ||
        length <= static_cast<int64_t>(space) || static_cast<size_t>(length) > records.size()) {
      return "";
    }
    const std::string_view record = records.substr(space + 1, static_cast<size_t>(length) - space - 2);
    if (record.starts_with("path=")) return std::string(record.substr(5));
    records.remove_prefix(static_cast<size_t>(length));
  }
  return "";
}

}  // namespace

std::vector<TarEntry> read_tar_index(std::string_view archive, const std::string& where) {
  std::vector<TarEntry> entries;
  read_tar_index(archive, where, entries);
  return entries;
}

void read_tar_index(std::string_view archive, const std::string& where, std::vector<TarEntry>& entries) {
  std::string long_name;
  for (uint64_t at = 0;;) {
    if (at == archive.size() && at > 0) return;  // some writers leave out the two empty blocks at the end
    if (archive.size() - at < kBlock) fail(where, at, "truncated archive: no whole header");
    const std::string_view header = archive.substr(at, kBlock);
    if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) return;
    uint64_t size = 0, sum = 0;
    if (!read_number(header.substr(148, 8), sum) || sum != checksum(header)) fail(where, at, "damaged header");
    if (!read_number(header.substr(124, 12), size)) fail(where, at, "damaged size");
    if (size > archive.size() - at - kBlock) fail(where, at, "truncated archive: a file goes past its end");
    const std::string_view content = archive.substr(at + kBlock, size);
    const char type = header[156];
    if (type == 'L') {
      long_name = text_of(content);
    } else if (type == 'x') {
      long_name = path_record(content);
    } else {
      if (type == '0' || type == 0) {
        std::string name = text_of(header.substr(0, 100));
        const std::string prefix = header.substr(257, 5) == "ustar" ? text_of(header.substr(345, 155)) : "";
        if (!prefix.empty() && header[262] == 0) name = prefix + "/" + name;
        entries.push_back({long_name.empty() ? name : long_name, at + kBlock, size});
      }
      long_name.clear();
    }
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
    if (at > archive.size()) fail(where, archive.size(), "truncated archive: the last block is not whole");
  }
}

std::string tar_header(const std::string& name, uint64_t size) {
  std::string header(kBlock, '\0');
  const auto put = [&](size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, format("%011llo", static_cast<unsigned long long>(size)));
  put(136, "00000000000");
  put(156, "0");
  put(257, std::string("ustar\0"
                       "00",
                       8));
  put(148, format("%06llo", static_cast<unsigned long long>(checksum(header))) + std::string("\0 ", 2));
  return header;
}

}  // namespace directclr
