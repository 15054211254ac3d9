#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/io/chosen_matrix.h"

namespace directclr::io {

/// What was chosen of a file.
struct FileChoice {
  std::filesystem::path path;
  ChosenMatrix matrix;
};

/// Throws InputError, naming two files and what was chosen of each, where files hold matrices of different names, which
/// are no parts of one. Requires at least one file.
void require_one_source(const std::vector<FileChoice>& files);

/// What all parts are together: "tensor 'features'", "the 4 matrices '0' to '1' of 2 files, one below the other";
/// empty: there is but one array, without a name. Requires at least one file.
std::string text_of_parts(const std::vector<FileChoice>& files);

/// "'labels' int64 (200) in 2 files, '2' float32 (64) in b.pt": what the files hold besides, the rarest first.
std::string passed_over_of(const std::vector<FileChoice>& files);

}  // namespace directclr::io
