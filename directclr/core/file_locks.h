#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

namespace directclr {

/// What `fcntl` takes to lock or ask for a file as a whole; `type`: F_WRLCK, ..
inline struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// Whether the open file is the one that has this name now: who waited for a lock may have got that of a file which was
/// renamed or removed meanwhile.
inline bool is_same_file(int file, const std::filesystem::path& path) {
  struct stat opened {
  }, named{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace directclr
