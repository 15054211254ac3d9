#pragma once

#include <string>
#include <vector>

namespace directclr::fuzz {

/// The readers of files from outside, by name.
std::vector<std::string> reader_names();

/// Processor time that one input may take: a second, or several under a sanitizer, which slows readers so much.
#ifdef DIRECTCLR_SANITIZED
inline constexpr double kMostSeconds = 5;
#else
inline constexpr double kMostSeconds = 1;
#endif

/// Gives the bytes to the reader of that name: whether they were read, and not refused with InputError. Whatever else
/// is thrown goes through; aborts when the reader broke its word or took more than kMostSeconds. Throws
/// std::out_of_range without such a reader.
bool accepts(const std::string& reader, const std::string& bytes);

}  // namespace directclr::fuzz
