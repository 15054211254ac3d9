#include "tests/fuzz/readers.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>

#include "directclr/core/braces.h"
#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/core/printable.h"
#include "directclr/core/settings.h"
#include "directclr/core/tar.h"
#include "directclr/data/label_table.h"
#include "directclr/data/shard_samples.h"
#include "directclr/data/sources.h"
#include "directclr/experiment/experiment_file.h"
#include "directclr/image/decode.h"
#include "directclr/image/facts.h"
#include "directclr/io/network_tensors.h"
#include "directclr/io/pickle.h"
#include "directclr/io/row_reader.h"
#include "directclr/io/safetensors.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/settings/train_settings.h"
#include "directclr/theory/covariance_matrix.h"

namespace directclr::fuzz {

namespace {

// The folder of this process for what readers take by its path: in memory, where TMPDIR is (fuzz/run).
const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "directclr-fuzz-XXXXXX").string();
    return std::filesystem::path(::mkdtemp(pattern.data()));
  }();
  return made;
}

// A file of this content and ending; with another name where one reader takes several.
std::filesystem::path file_of(const std::string& bytes, const char* ending, const char* name = "input") {
  const std::filesystem::path path = folder() / (std::string(name) + ending);
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
  data::LabelTable table(file_of(bytes, ".csv"), [](const std::string& path) { return path == "a/0"; });
  for (const char* name : {"a/0.jpg", "b.png", "x"}) {
    if (table.label({name}) >= static_cast<int64_t>(table.class_names().size())) std::abort();
  }
  table.unused();
}

void read_json(const std::string& bytes) {
  const Json value = Json::parse(bytes);
  if (!(Json::parse(value.dump()) == value)) std::abort();
}

void read_settings(const std::string& bytes) {
  const std::string path = file_of(bytes, ".toml").string();
  settings::TrainSettings settings;
  FieldList fields = fields_of(settings);
  apply_toml(read_toml(path), fields, path);
  write_toml(fields, "what was read");
}

// Images; the labels fit whatever number of images there is below 256.
void read_idx(const std::string& bytes) {
  const char count = bytes.size() > 7 ? bytes[7] : '\0';
  file_of(bytes, "", "train-images-idx3-ubyte");
  file_of(std::string("\0\0\10\1\0\0\0", 7) + count + std::string(static_cast<uint8_t>(count), '\1'), "",
          "train-labels-idx1-ubyte");
  const auto source = data::open_idx(folder(), data::Split::kTrain, {"a", "b"});
  image::Image image;
  source->load(source->size() - 1, image);
}

const std::map<std::string, std::function<void(const std::string&)>> kReaders = {
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
    {"json", read_json},
    {"explanation", [](const std::string& bytes) { report::read_explanation(Json::parse(bytes)); }},
    {"spectrum", [](const std::string& bytes) { report::read_spectrum_result(Json::parse(bytes)); }},
    {"settings", read_settings},
    {"experiment", [](const std::string& bytes) { experiment::read_experiment(file_of(bytes, ".toml").string()); }},
    {"idx", read_idx},
    {"covariance",
     [](const std::string& bytes) { theory::read_covariance(file_of(bytes, ".csv").string(), 3, "--covariance"); }},
};

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

std::vector<std::string> reader_names() {
  std::vector<std::string> names;
  for (const auto& [name, reader] : kReaders) names.push_back(name);
  return names;
}

bool accepts(const std::string& reader, const std::string& bytes) {
  const double began = processor_seconds();
  bool accepted = true;
  try {
    kReaders.at(reader)(bytes);
  } catch (const InputError&) {
    accepted = false;
  } catch (const JsonError&) {
    accepted = false;
  }
  if (const double seconds = processor_seconds() - began; seconds > kMostSeconds) {
    std::fprintf(stderr, "%s: %zu bytes took %.1f s of processor time\n", reader.c_str(), bytes.size(), seconds);
    std::abort();
  }
  return accepted;
}

}  // namespace directclr::fuzz
