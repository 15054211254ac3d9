#pragma once

#include <cstdio>
#include <string>

namespace directclr::test {

/// A header of `core/tar.h` as one of another type, of the file that `link` names, with its checksum anew.
inline std::string typed_header(std::string header, char type, const std::string& link = "") {
  header[156] = type;
  header.replace(157, link.size(), link);
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  return header.replace(148, 7, text, 7);
}

/// Filled up with zeros to whole blocks of 512 bytes.
inline std::string padded(std::string content) {
  content.resize((content.size() + 511) / 512 * 512, '\0');
  return content;
}

}  // namespace directclr::test
