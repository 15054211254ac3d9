#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/io/array_span.h"
#include "directclr/io/span_rows.h"

namespace directclr::io {

/// What a file holds that arrays are not made of: text, complex numbers, objects of some class.
struct OtherContent {
  std::string name;
  std::string what;        ///< "text <U5 (2)", "argparse.Namespace"
  std::string hint = {};   ///< how to save it so that it can be read; may be empty
  bool is_object = false;  ///< of a class of Python's, whose code alone knows what it is
};

/// What a file of arrays holds, without the data: for files larger than memory.
struct ArrayIndex {
  std::string container;                                  ///< "a file of torch.save", for messages
  std::vector<std::pair<std::string, ArraySpan>> arrays;  ///< in the file's order; "": an array without a name
  std::vector<OtherContent> others;
  /// By name the keys on the way to an array, where they are several: a key may hold dots.
  std::map<std::string, std::vector<std::string>> keys;
  std::vector<std::string> lists;  ///< names of what holds its parts in an order: "parts" of "parts.0" and "parts.1"
};

/// The arrays of a .npy, .npz or .safetensors file or of one of torch.save, told by its content, whatever its name is.
/// Throws InputError for another kind of file, and for what the formats' readers refuse.
ArrayIndex read_array_index(const std::filesystem::path& path);

/// Whether a file begins like those that read_array_index reads or knows to refuse (older files of torch.save,
/// pickles). Throws InputError when it cannot be read.
bool is_array_file(const std::filesystem::path& path);

/// "'y' int64 (500), 'files' text <U5 (2) and 7 more": what of a file is not read, for messages; at most `most` of
/// them.
std::string names_of(const std::vector<OtherContent>& others, size_t most = 4);
/// How to save the first of them for which that is known; "" where there is none.
std::string hint_on(const std::vector<OtherContent>& others);
/// The same of objects alone.
std::string hint_on_objects(const std::vector<OtherContent>& others);

}  // namespace directclr::io
