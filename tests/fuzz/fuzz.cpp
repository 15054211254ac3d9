// Readers of files from outside (readers.h), fed with damaged files: each either reads or throws InputError. Built with
// sanitizers it finds what else may happen. The given files come first as they are, then mutations of them, the same
// ones for the same files. coverage.cpp is the driver that looks where it gets to.
//
//   directclr_fuzz READER SECONDS FILE...
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/core/philox.h"
#include "tests/fuzz/readers.h"

namespace {

using namespace directclr;

// One to eight changes: bytes, runs, numbers that readers trust, pieces moved, ends cut.
std::string mutate(std::string bytes, const std::vector<std::string>& corpus, RandomStream& random) {
  const auto below = [&](size_t n) {
    return static_cast<size_t>(random.below(static_cast<uint32_t>(std::max<size_t>(n, 1))));
  };
  for (size_t changes = 1 + below(8); changes > 0; --changes) {
    const size_t at = below(bytes.size());
    switch (below(8)) {
      case 0: bytes[at] = static_cast<char>(random.bits()); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 2: {
        const char value = "\0\1\x7F\x80\xFF"[below(5)];
        for (size_t i = at; i < std::min(bytes.size(), at + 1 + below(8)); ++i) bytes[i] = value;
        break;
      }
      case 3: bytes.resize(std::max<size_t>(1, at)); break;
      case 4: bytes.insert(at, bytes.substr(below(bytes.size()), below(64))); break;
      case 5: bytes.erase(at, below(std::min<size_t>(bytes.size() - 1, 64))); break;
      case 6: {
        const auto& other = corpus[below(corpus.size())];
        bytes.replace(at, below(64), other.substr(below(other.size()), below(64)));
        break;
      }
      default: {
        const std::string digits = "0123456789-[]{}(),:'\"";
        bytes[at] = digits[below(digits.size())];
      }
    }
    if (bytes.empty()) bytes = "x";
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const auto readers = fuzz::reader_names();
  if (argc < 4 || std::find(readers.begin(), readers.end(), argv[1]) == readers.end()) {
    std::fprintf(stderr, "usage: directclr_fuzz READER SECONDS FILE...\n");
    return 2;
  }
  std::vector<std::string> corpus;
  for (int i = 3; i < argc; ++i) corpus.push_back(read_file(argv[i]));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::atof(argv[2]));
  uint64_t inputs = 0, accepted = 0;
  const auto& last = std::filesystem::temp_directory_path() / (std::string("directclr-fuzz-last-") + argv[1]);
  for (; inputs < corpus.size() || std::chrono::steady_clock::now() < end; ++inputs) {
    RandomStream random(1, Purpose::kSplit, 0, inputs);
    const std::string& file = corpus[inputs % corpus.size()];
    const std::string bytes = inputs < corpus.size() ? file : mutate(file, corpus, random);
    if (std::FILE* kept = std::fopen(last.c_str(), "wb")) {  // what is here when the program dies
      std::fwrite(bytes.data(), 1, bytes.size(), kept);
      std::fclose(kept);
    }
    accepted += fuzz::accepts(argv[1], bytes);
  }
  std::filesystem::remove(last);
  std::printf("%s: %llu files, %llu read, the others refused\n", argv[1], static_cast<unsigned long long>(inputs),
              static_cast<unsigned long long>(accepted));
  return inputs > 0 ? 0 : 1;
}
