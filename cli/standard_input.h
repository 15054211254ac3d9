#pragma once

#include <filesystem>

namespace directclr::cli {

/// Standard input as a file, for readers that go back and forth: .npy by its first bytes, else a table of text. Removed
/// with this.
class StandardInput {
 public:
  /// Reads all of it. Throws InputError when the file cannot be written.
  StandardInput();
  ~StandardInput();
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_, path_;
};

}  // namespace directclr::cli
