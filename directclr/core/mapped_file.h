#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace directclr {

/// A whole file in the address space, to be read: the system fetches what is touched and keeps what it has room for.
class MappedFile {
 public:
  enum class Access { kInOrder, kRandom };

  /// Throws InputError naming the path and the system's reason, and for an empty file.
  explicit MappedFile(const std::filesystem::path& path, Access access = Access::kInOrder);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile& operator=(MappedFile&&) = delete;

  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace directclr
