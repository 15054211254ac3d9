#include "directclr/io/zip_index.h"

#include <algorithm>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"

namespace directclr::io {
namespace {

// Little-endian numbers of a piece of the archive. Throws for a read past its end.
class Bytes {
 public:
  Bytes(std::string data, const std::string& path) : data_(std::move(data)), path_(path) {}

  template <class T>
  T at(size_t place) const {
    need(place, sizeof(T));
    T value;
    std::memcpy(&value, data_.data() + place, sizeof(T));
    return value;
  }
  std::string text(size_t place, size_t length) const {
    need(place, length);
    return data_.substr(place, length);
  }
  // Whether the four bytes of a record's signature, "PK" and two numbers, stand there.
  bool signature(size_t place, char first, char second) const {
    need(place, 4);
    const char* bytes = data_.data() + place;
    return bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == first && bytes[3] == second;
  }
  size_t size() const { return data_.size(); }
  const std::string& data() const { return data_; }

 private:
  void need(size_t place, size_t length) const {
    if (place > data_.size() || length > data_.size() - place) throw InputError(path_, "the ZIP directory is damaged");
  }
  std::string data_;
  const std::string& path_;
};

struct Directory {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// The end record, found from the back of the file (a comment may follow it), or its 64-bit sister.
Directory find_directory(const std::filesystem::path& path, uint64_t file_size, const std::string& name) {
  constexpr uint64_t kEndSize = 22, kLongestComment = 65535, kLocatorSize = 20;
  const uint64_t tail = std::min(file_size, kEndSize + kLongestComment);
  const Bytes end(read_range(path, file_size - tail, tail), name);
  const size_t place = end.data().rfind(std::string("PK\x05\x06", 4));
  if (place == std::string::npos || end.size() - place < kEndSize)
    throw InputError(name, "is no ZIP archive, or truncated");
  Directory directory{end.at<uint32_t>(place + 16), end.at<uint32_t>(place + 12)};
  const bool large =
      directory.offset == 0xFFFFFFFF || directory.size == 0xFFFFFFFF || end.at<uint16_t>(place + 10) == 0xFFFF;
  if (!large) return directory;
  if (place < kLocatorSize || !end.signature(place - kLocatorSize, 6, 7)) {
    throw InputError(name, "the ZIP directory is damaged");
  }
  const auto record_at = end.at<uint64_t>(place - kLocatorSize + 8);
  if (record_at > file_size || file_size - record_at < 56) throw InputError(name, "the ZIP directory is damaged");
  const Bytes record(read_range(path, record_at, 56), name);
  if (!record.signature(0, 6, 6)) throw InputError(name, "the ZIP directory is damaged");
  return {record.at<uint64_t>(48), record.at<uint64_t>(40)};
}

}  // namespace

std::map<std::string, ZipEntry> read_zip_index(const std::filesystem::path& path) {
  const std::string name = path.string();
  const uint64_t file_size = size_of_file(path);
  if (file_size == 0) throw InputError(name, "is empty");
  if (file_size < 22) throw InputError(name, "is no ZIP archive, or truncated");
  const Directory directory = find_directory(path, file_size, name);
  if (directory.offset > file_size || directory.size > file_size - directory.offset) {
    throw InputError(name, "the ZIP directory lies outside the file");
  }
  const Bytes entries(read_range(path, directory.offset, directory.size), name);
  std::map<std::string, ZipEntry> index;
  for (size_t at = 0; at + 46 <= entries.size() && entries.signature(at, 1, 2);) {
    const auto flags = entries.at<uint16_t>(at + 8);
    const auto method = entries.at<uint16_t>(at + 10);
    const auto name_length = entries.at<uint16_t>(at + 28);
    const auto extra_length = entries.at<uint16_t>(at + 30);
    const auto comment_length = entries.at<uint16_t>(at + 32);
    const std::string entry_name = entries.text(at + 46, name_length);
    if (flags & 1) throw InputError(name, "entry '" + entry_name + "' is encrypted");
    ZipEntry entry{entries.at<uint32_t>(at + 42), entries.at<uint32_t>(at + 24), entries.at<uint32_t>(at + 20),
                   method == 0};
    // Fields that do not fit are in the 64-bit extra field, in this order, and only those.
    for (size_t extra = at + 46 + name_length, end = extra + extra_length; extra + 4 <= end;) {
      const auto id = entries.at<uint16_t>(extra), length = entries.at<uint16_t>(extra + 2);
      size_t field = extra + 4;
      if (id == 1) {
        for (uint64_t* value : {&entry.size, &entry.compressed, &entry.offset}) {
          if (*value != 0xFFFFFFFF) continue;
          *value = entries.at<uint64_t>(field);
          field += 8;
        }
      }
      extra += 4 + size_t{length};
    }
    // The data follow the entry's own header, whose extra field has another length.
    if (entry.offset > file_size || file_size - entry.offset < 30)
      throw InputError(name, "an entry lies outside the file");
    const Bytes header(read_range(path, entry.offset, 30), name);
    if (!header.signature(0, 3, 4)) throw InputError(name, "the ZIP directory is damaged");
    entry.offset += 30 + uint64_t{header.at<uint16_t>(26)} + header.at<uint16_t>(28);
    if (entry.offset > file_size || entry.compressed > file_size - entry.offset ||
        (entry.stored && entry.compressed != entry.size)) {
      throw InputError(name, "entry '" + entry_name + "' lies outside the file");
    }
    if (!entry.stored && (method != 8 || entry.size / 1100 > entry.compressed)) {
      throw InputError(name, "entry '" + entry_name + "' is compressed in a way that is not known");
    }
    index[entry_name] = entry;
    at += 46 + size_t{name_length} + extra_length + comment_length;
  }
  if (index.empty()) throw InputError(name, "the ZIP archive is empty, or its directory damaged");
  return index;
}

}  // namespace directclr::io
