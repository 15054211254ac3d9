#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace directclr {

/// One owner of a folder: while it lives no other process, on this machine or on another that shares the disk, gets
/// one for the same folder.
///
/// The folder's file `.lock` is locked (an OFD lock, which file systems for networks pass on to other machines, and
/// which the system drops with the process) and says who the owner is: host, process, since when. Where locks are not
/// passed on, or not known, what it says decides: an owner on this machine counts while its process lives, one on
/// another while it has touched the file within `kGone`; it does so every `kBeat`. What a dead owner left is taken
/// over. The file is removed in the end.
class FolderLock {
 public:
  static constexpr int kBeat = 15;  ///< seconds
  static constexpr int kGone = 60;  ///< seconds

  /// Requires that the folder is there. Throws InputError, which names the owner, when it has one, and when `.lock`
  /// cannot be written.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// "process 4711 on node3 is at work here since ..."; nothing where the folder is free, or is not there.
  static std::optional<std::string> owner_of(const std::filesystem::path& folder);

 private:
  void beat();

  std::filesystem::path path_;
  int file_ = -1;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread beat_;
};

}  // namespace directclr
