#pragma once

#include <filesystem>

#include "directclr/core/error.h"

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
  /// Throws an error about that file as one about standard input.
  [[noreturn]] void rethrow(const InputError& error) const;

 private:
  std::filesystem::path folder_, path_;
};

/// What `work` makes of the file that `input` names, where - is standard input.
template <class Work>
auto with_input(const std::filesystem::path& input, const Work& work) {
  if (input != "-") return work(input);
  const StandardInput standard;
  try {
    return work(standard.path());
  } catch (const InputError& error) {
    standard.rethrow(error);
  }
}

}  // namespace directclr::cli
