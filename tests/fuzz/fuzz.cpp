// Readers of files from outside, fed with damaged files: each either reads or throws InputError. Built with sanitizers
// it finds what else may happen. With clang and -DDIRECTCLR_LIBFUZZER=ON libFuzzer drives it (one target: FUZZ_TARGET
// in the environment); otherwise the driver below mutates the given files by itself, the same way for the same seed.
//
//   directclr_fuzz TARGET SECONDS FILE...     targets: the names in kTargets
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "directclr/core/braces.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/philox.h"
#include "directclr/core/printable.h"
#include "directclr/core/tar.h"
#include "directclr/data/label_table.h"
#include "directclr/data/shard_samples.h"
#include "directclr/image/decode.h"
#include "directclr/image/facts.h"
#include "directclr/io/network_tensors.h"
#include "directclr/io/pickle.h"
#include "directclr/io/row_reader.h"
#include "directclr/io/safetensors.h"

namespace {

using namespace directclr;

// A file of this content and ending, for readers that take a path.
std::filesystem::path file_of(const std::string& bytes, const char* ending) {
  static const std::filesystem::path folder = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "directclr-fuzz-XXXXXX").string();
    return std::filesystem::path(::mkdtemp(pattern.data()));
  }();
  const std::filesystem::path path = folder / (std::string("input") + ending);
  std::FILE* file = std::fopen(path.c_str(), "wb");  // not write_file: it flushes to disk every time
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  return path;
}

void read_rows(const std::string& bytes, const char* ending, const char* tensor = "") {
  io::RowReader reader(file_of(bytes, ending), tensor);
  if (reader.rows() < 4096 && reader.columns() < 4096) reader.next(reader.rows());
}

// A table of text; how it is to be read follows from its length.
void read_table(const std::string& bytes) {
  const size_t how = bytes.size();
  io::RowSettings settings;
  if ((how & 3) == 1) settings.columns = "0:";
  if ((how & 3) == 2) settings.label_column = "-1";
  if ((how & 3) == 3) settings.columns = "*_*,1:-1";
  if ((how & 12) == 4) settings.heading = "yes";
  if ((how & 12) == 8) settings.heading = "no";
  if ((how & 48) == 16) settings.decimal = "comma";
  if ((how & 48) == 32) settings.separator = "blanks";
  settings.gaps_are_nan = (how & 64) != 0;
  io::RowReader reader(file_of(bytes, ".csv"), "", settings);
  const array::Array rows = reader.next(reader.rows());
  if (rows.size(0) != reader.rows() || rows.size(1) != reader.columns()) std::abort();
  for (const double value : array::to_doubles(rows)) {
    if (!std::isfinite(value) && !settings.gaps_are_nan) std::abort();
  }
  reader.taken().json().dump();  // throws for what is no UTF-8
}

void read_network(const std::string& bytes) {
  const auto path = file_of(bytes, ".bin");
  for (const auto& [name, span] : io::network_tensors("input", io::read_array_index(path)).tensors) {
    if (span.bytes().value() < (1 << 24)) io::read_array(path, span);
  }
}

void decode_picture(const std::string& bytes) {
  // A hostile head may announce 2^28 pixels, which is allowed and slow.
  const auto size = image::read_size(bytes, "input");
  if (int64_t{size.width} * size.height > (1 << 20)) return;
  image::Region region;
  image::decode_region(
      bytes, "input",
      [](image::Size whole) {
        return image::Box{whole.width / 3, whole.height / 4, (whole.width + 1) / 2, (whole.height + 1) / 2};
      },
      region);
  image::decode(bytes, "input", /*upright=*/true);
  image::read_facts(bytes, "input");
}

// An archive's samples, with labels in KEY.cls and in KEY.json.
void read_samples(const std::string& bytes) {
  std::vector<TarEntry> entries;
  std::vector<std::string> others;
  read_tar_index(bytes, "input", entries, &others);
  for (const auto& entry : entries) {
    if (entry.offset + entry.size > bytes.size()) std::abort();
  }
  for (const char* key : {"", "label"}) {
    data::ReadSettings reading;
    reading.label_key = key;
    data::Reading left_out;
    for (const auto& sample : data::samples_of(bytes, entries, reading, "input", left_out)) {
      if (sample.image.offset + sample.image.size > bytes.size()) std::abort();
    }
    left_out.json().dump();
  }
}

void read_labels(const std::string& bytes) {
  data::LabelTable table(file_of(bytes, ".csv"));
  for (const char* name : {"a/0.jpg", "b.png", "x"}) {
    if (table.label({name}) >= static_cast<int64_t>(table.class_names().size())) std::abort();
  }
  table.unused();
}

const std::map<std::string, std::function<void(const std::string&)>> kTargets = {
    {"picture", decode_picture},
    {"tar", read_samples},
    {"labels", read_labels},
    {"names",
     [](const std::string& bytes) {
       if (!is_utf8(printable(bytes))) std::abort();
       expand_braces(bytes);
     }},
    {"npy", [](const std::string& bytes) { read_rows(bytes, ".npy"); }},
    {"npz", [](const std::string& bytes) { read_rows(bytes, ".npz"); }},
    {"safetensors", [](const std::string& bytes) { io::read_safetensors(file_of(bytes, ".safetensors")); }},
    {"torch", [](const std::string& bytes) { read_rows(bytes, ".pt"); }},
    {"pickle", [](const std::string& bytes) { io::Pickle(bytes, "input"); }},
    {"weights", read_network},
    {"embeddings", [](const std::string& bytes) { read_rows(bytes, ".tar", "emb.npy"); }},
    {"table", read_table},
};

bool accepts(const std::function<void(const std::string&)>& target, const std::string& bytes) {
  try {
    target(bytes);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

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

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& target = kTargets.at(std::getenv("FUZZ_TARGET"));
  accepts(target, std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

#ifndef DIRECTCLR_LIBFUZZER
int main(int argc, char** argv) {
  const auto target = argc > 3 ? kTargets.find(argv[1]) : kTargets.end();
  if (target == kTargets.end()) {
    std::fprintf(stderr, "usage: directclr_fuzz TARGET SECONDS FILE...\n");
    return 2;
  }
  std::vector<std::string> corpus;
  for (int i = 3; i < argc; ++i) corpus.push_back(read_file(argv[i]));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::atof(argv[2]));
  uint64_t inputs = 0, accepted = 0;
  const auto& last = std::filesystem::temp_directory_path() / (std::string("directclr-fuzz-last-") + argv[1]);
  for (; std::chrono::steady_clock::now() < end; ++inputs) {
    RandomStream random(1, Purpose::kSplit, 0, inputs);
    const std::string bytes = mutate(corpus[inputs % corpus.size()], corpus, random);
    if (std::FILE* file = std::fopen(last.c_str(), "wb")) {  // what is here when the program dies
      std::fwrite(bytes.data(), 1, bytes.size(), file);
      std::fclose(file);
    }
    accepted += accepts(target->second, bytes);
  }
  std::filesystem::remove(last);
  std::printf("%s: %llu damaged files, %llu read all the same, the others refused\n", argv[1],
              static_cast<unsigned long long>(inputs), static_cast<unsigned long long>(accepted));
  return inputs > 0 ? 0 : 1;
}
#endif
