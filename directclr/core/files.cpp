#include "directclr/core/files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "directclr/core/disk_full.h"
#include "directclr/core/error.h"
#include "directclr/core/file_locks.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& action, int error) {
  const std::string what = "cannot " + action + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) throw DiskFull(path.string(), what);
  throw InputError(path.string(), what, error == EACCES || error == EROFS ? "check the permissions" : "");
}

void write_all(int file, const fs::path& path, const void* data, size_t bytes) {
  auto* cursor = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(file, cursor, bytes);
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(path, "write", errno);
    }
    cursor += written;
    bytes -= static_cast<size_t>(written);
  }
}

// Opens the file, empty, for this writer alone. Another one of the same file, in whatever process, has the same
// temporary name: it is waited for, where the file system knows locks.
int open_alone(const fs::path& partial, const fs::path& path) {
  while (true) {
    const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) fail(path, "create", errno);
    struct flock lock = whole_file(F_WRLCK);
    while (::fcntl(file, F_OFD_SETLKW, &lock) != 0 && errno == EINTR) {
    }
    const bool mine = is_same_file(file, partial);
    // Of what a killed writer left. Devices cannot be cut, and need not.
    if (mine && (::ftruncate(file, 0) == 0 || errno == EINVAL)) return file;
    const int reason = errno;
    ::close(file);
    if (mine) fail(path, "truncate", reason);
  }
}

}  // namespace

std::string read_file(const fs::path& path) { return read_range(path, 0, size_of_file(path)); }

uint64_t size_of_file(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail(path, "open", errno);
  if (S_ISDIR(status.st_mode)) fail(path, "read", EISDIR);
  return static_cast<uint64_t>(status.st_size);
}

std::vector<fs::path> matching_files(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  return paths;
}

std::string read_range(const fs::path& path, uint64_t offset, uint64_t bytes) {
  std::string content(bytes, '\0');
  read_range(path, offset, bytes, content.data());
  return content;
}

void read_range(const fs::path& path, uint64_t offset, uint64_t bytes, void* out) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path, "open", errno);
  uint64_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(file, static_cast<char*>(out) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = n < 0 ? errno : 0;
      ::close(file);
      if (n == 0) throw InputError(path.string(), "ends before what was to be read", "truncated?");
      fail(path, "read", error);
    }
    done += static_cast<uint64_t>(n);
  }
  ::close(file);
}

void write_file(const fs::path& path, std::string_view content) {
  write_file_in_chunks(path, [&](const WriteChunk& write) { write(content.data(), content.size()); });
}

void write_file_in_chunks(const fs::path& path, const std::function<void(const WriteChunk&)>& produce) {
  fs::path partial = path;
  partial += ".partial";
  const int file = open_alone(partial, path);
  // Its name goes before the file is closed, and with that its lock: who waits for it must not get what is to go.
  try {
    produce([&](const void* data, size_t bytes) { write_all(file, path, data, bytes); });
    if (::fsync(file) != 0) fail(path, "flush", errno);
    if (::rename(partial.c_str(), path.c_str()) != 0) fail(path, "rename into place", errno);
  } catch (...) {
    ::unlink(partial.c_str());
    ::close(file);
    throw;
  }
  ::close(file);
  // The rename itself must reach the disk, or a power cut could bring the old name back.
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw InputError(path.string(), "cannot create the directory: " + error.message());
}

std::string read_gzip_file(const fs::path& path) {
  read_file(path);  // gives the better message when it cannot be read at all
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rb"), ::gzclose);
  if (!file) fail(path, "open", errno);
  std::string content;
  std::string block(1 << 20, '\0');
  while (true) {
    const int n = ::gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    if (n < 0) {
      int code = 0;
      throw InputError(path.string(), std::string("damaged gzip file: ") + ::gzerror(file.get(), &code),
                       "fetch the file again");
    }
    if (n == 0) break;
    content.append(block, 0, static_cast<size_t>(n));
  }
  int code = 0;
  ::gzerror(file.get(), &code);
  if (code == Z_BUF_ERROR) throw InputError(path.string(), "the gzip file is truncated", "fetch the file again");
  return content;
}

AppendFile::AppendFile(const fs::path& path, uint64_t keep_bytes) : path_(path), size_(keep_bytes) {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail(path, "create", errno);
  struct stat status {};
  if (::fstat(file_, &status) == 0 && static_cast<uint64_t>(status.st_size) < keep_bytes) {
    size_ = static_cast<uint64_t>(status.st_size);
  }
  if (::ftruncate(file_, static_cast<off_t>(size_)) != 0 || ::lseek(file_, 0, SEEK_END) < 0) {
    const int error = errno;
    ::close(file_);
    fail(path, "truncate", error);
  }
}

AppendFile::~AppendFile() {
  if (file_ >= 0) ::close(file_);
}

void AppendFile::append(std::string_view bytes) {
  try {
    write_all(file_, path_, bytes.data(), bytes.size());
  } catch (...) {
    // No half record stays. Should this fail too, readers leave out what is not whole, and a resume cuts it.
    if (::ftruncate(file_, static_cast<off_t>(size_)) == 0) ::lseek(file_, 0, SEEK_END);
    throw;
  }
  size_ += bytes.size();
}

}  // namespace directclr
