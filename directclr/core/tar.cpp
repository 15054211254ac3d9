#include "directclr/core/tar.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <unordered_map>

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

// What stands before a member and is about it: GNU's long names and POSIX' records. Empty: its header says it.
struct Extension {
  std::string name, link, size;
};

// The records "LENGTH KEY=VALUE\n" of a POSIX extended header. False when they are none.
bool read_records(std::string_view records, Extension& extension) {
  while (!records.empty()) {
    const size_t space = records.find(' ');
    int64_t length = 0;
    if (space == std::string_view::npos || !parse_int(records.substr(0, space), length) ||
        length <= static_cast<int64_t>(space) + 1 || static_cast<size_t>(length) > records.size()) {
      return false;
    }
    const std::string_view record = records.substr(space + 1, static_cast<size_t>(length) - space - 2);
    for (const auto& [key, value] :
         {std::pair("path=", &extension.name), {"linkpath=", &extension.link}, {"size=", &extension.size}}) {
      if (record.starts_with(key)) *value = record.substr(std::string_view(key).size());
    }
    records.remove_prefix(static_cast<size_t>(length));
  }
  return true;
}

// What packed an archive, by its first bytes, and what unpacks it; nothing: it is plain.
void refuse_compressed(std::string_view archive, const std::string& where) {
  using std::string_view_literals::operator""sv;
  const struct {
    std::string_view begins;
    const char *name, *tool;
  } kinds[] = {{"\x1F\x8B"sv, "gzip", "gunzip"},
               {"\x28\xB5\x2F\xFD"sv, "zstd", "unzstd"},
               {"BZh"sv, "bzip2", "bunzip2"},
               {"\xFD"
                "7zXZ\0"sv,
                "xz", "unxz"},
               {"PK\x03\x04"sv, "zip", "unzip"}};
  for (const auto& kind : kinds) {
    if (archive.starts_with(kind.begins)) {
      throw InputError(where,
                       std::string("is compressed (") + kind.name + "); files in an archive are read where they lie",
                       std::string("unpack it first: ") + kind.tool + " " + where);
    }
  }
}

}  // namespace

std::vector<TarEntry> read_tar_index(std::string_view archive, const std::string& where) {
  std::vector<TarEntry> entries;
  read_tar_index(archive, where, entries);
  return entries;
}

void read_tar_index(std::string_view archive, const std::string& where, std::vector<TarEntry>& entries,
                    std::vector<std::string>* left_out) {
  refuse_compressed(archive, where);
  Extension extension;
  const size_t first = entries.size();
  std::unordered_map<std::string, size_t> places;  // of the files by name, once a hard link asks for one
  size_t known = first;
  const auto add_link = [&](const std::string& name, const std::string& target) {
    for (; known < entries.size(); ++known) places[entries[known].name] = known;
    const auto found = places.find(target);
    if (found != places.end()) {
      entries.push_back({name, entries[found->second].offset, entries[found->second].size});
    } else if (left_out) {
      left_out->push_back(name);
    }
  };
  for (uint64_t at = 0;;) {
    if (at == archive.size() && at > 0) return;  // some writers leave out the two empty blocks at the end
    if (archive.size() - at < kBlock) fail(where, at, "truncated archive: no whole header");
    const std::string_view header = archive.substr(at, kBlock);
    if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) return;
    uint64_t size = 0, sum = 0;
    if (!read_number(header.substr(148, 8), sum) || sum != checksum(header)) fail(where, at, "damaged header");
    if (!read_number(header.substr(124, 12), size)) fail(where, at, "damaged size");
    const char type = header[156];
    const bool about_next = type == 'L' || type == 'K' || type == 'x' || type == 'X', about_all = type == 'g';
    if (!extension.size.empty() && !about_next && !about_all) {
      int64_t said = 0;
      if (!parse_int(extension.size, said) || said < 0) fail(where, at, "damaged size before the header");
      size = static_cast<uint64_t>(said);
    }
    if (type == '1') size = 0;  // some writers give a hard link the size of its file
    if (size > archive.size() - at - kBlock) fail(where, at, "truncated archive: a file goes past its end");
    const std::string_view content = archive.substr(at + kBlock, size);
    if (type == 'L') {
      extension.name = text_of(content);
    } else if (type == 'K') {
      extension.link = text_of(content);
    } else if (about_next) {
      if (!read_records(content, extension)) fail(where, at, "damaged extended header");
    } else if (!about_all) {
      std::string name = text_of(header.substr(0, 100));
      const std::string prefix = header.substr(257, 5) == "ustar" ? text_of(header.substr(345, 155)) : "";
      if (!prefix.empty() && header[262] == 0) name = prefix + "/" + name;
      if (!extension.name.empty()) name = extension.name;
      if (type == '1') {
        add_link(name, extension.link.empty() ? text_of(header.substr(157, 100)) : extension.link);
      } else if ((type == '0' || type == 0 || type == '7') && !name.ends_with('/')) {
        entries.push_back({name, at + kBlock, size});
      } else if (type != '5' && !name.ends_with('/') && left_out) {
        left_out->push_back(name);
      }
      extension = {};
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
