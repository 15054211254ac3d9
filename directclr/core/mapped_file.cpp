#include "directclr/core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"

namespace directclr {

MappedFile::MappedFile(const std::filesystem::path& path, Access access) : size_(size_of_file(path)) {
  if (size_ == 0) throw InputError(path.string(), "the file is empty");
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void* at = file < 0 ? MAP_FAILED : ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (at == MAP_FAILED) throw InputError(path.string(), std::string("cannot be read: ") + std::strerror(reason));
  data_ = static_cast<const char*>(at);
  ::madvise(at, size_, access == Access::kRandom ? MADV_RANDOM : MADV_SEQUENTIAL);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<char*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(other.data_), size_(other.size_) { other.data_ = nullptr; }

}  // namespace directclr
