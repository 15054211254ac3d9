#include "directclr/io/row_reader.h"

#include <algorithm>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/mapped_file.h"
#include "directclr/core/tar.h"
#include "directclr/core/text.h"
#include "directclr/io/array_index.h"
#include "directclr/io/chosen_matrix.h"
#include "directclr/io/npy.h"
#include "directclr/io/span_rows.h"
#include "directclr/io/text_table.h"

namespace directclr::io {
namespace {

bool is_table(const std::filesystem::path& path) {
  const std::string ending = lower(path.extension().string());
  return ending == ".csv" || ending == ".tsv" || ending == ".txt";
}

// Other programs' files that are not read, and what to make of them.
void refuse_known(const std::filesystem::path& path) {
  struct Known {
    const char* ending;
    const char* way;
  };
  static constexpr const char* kTable =
      "write it as .csv, or its numbers as .npy: numpy.save('rows.npy', table.to_numpy())";
  static constexpr const char* kArrays = "write the matrix as .npy: numpy.save('rows.npy', matrix)";
  static constexpr Known kKnown[] = {{".parquet", kTable}, {".arrow", kTable}, {".feather", kTable},
                                     {".xlsx", kTable},    {".xls", kTable},   {".h5", kArrays},
                                     {".hdf5", kArrays},   {".mat", kArrays},  {".gz", "unpack it first"}};
  for (const auto& [ending, way] : kKnown) {
    if (lower(path.extension().string()) == ending) {
      throw InputError(path.string(), std::string(ending) + " files are not read", way);
    }
  }
}

}  // namespace

RowReader::RowReader(const std::filesystem::path& path, const std::string& tensor, const RowSettings& settings)
    : path_(path), name_(path.filename().string()), settings_(settings) {
  if (std::filesystem::exists(path) || path.string().find_first_of("*?[") == std::string::npos) {
    open(path, tensor);
  } else {
    const auto files = matching_files(path.string());
    if (files.empty()) throw InputError(path.string(), "there are no such files");
    for (const auto& file : files) open(file, tensor);
  }
  if (!text_ && !(settings.columns.empty() && settings.label_column.empty())) {
    throw InputError(settings.columns.empty() ? "--label-column" : "--columns", path.string() + " is no table of text");
  }
  if (parts_.size() > 1 && text_) throw InputError(path.string(), "text files are read one at a time");
  take_parts();
}

// How the rows of each part are made, and that they are alike.
void RowReader::take_parts() {
  taken_.file = shown({path_.filename().string()}, 1024);
  taken_.type = array::name_of(parts_[0].span.type);
  taken_.parts = std::ssize(parts_);
  for (auto& part : parts_) {
    part.pooling = pooling_of(part.span.shape, settings_.pool, part.name);
    const array::DType type = pooled_type(part.span.type, part.pooling),
                       first = pooled_type(parts_[0].span.type, parts_[0].pooling);
    if (part.pooling.width != columns() || part.span.type != parts_[0].span.type || type != first) {
      throw InputError(part.name, format("its rows are %lld numbers of type %s, those before %lld of type %s",
                                         static_cast<long long>(part.pooling.width), array::name_of(type),
                                         static_cast<long long>(columns()), array::name_of(first)));
    }
    rows_ += part.span.shape[0];
  }
  taken_.shape = parts_[0].span.shape;
  taken_.shape[0] = rows_;
  taken_.pooled = parts_[0].pooling.text;
  taken_.rows = rows_;
  taken_.dimensions = columns();
  if (taken_.table) taken_.shape[1] = taken_.table->columns;
}

RowReader::~RowReader() = default;

void RowReader::open(const std::filesystem::path& path, const std::string& tensor) {
  if (is_array_file(path)) {
    open_arrays(path, tensor);
  } else if (path.extension() == ".tar") {
    open_archive(path, tensor);
  } else if (is_table(path)) {
    if (!tensor.empty()) throw InputError("--tensor", "a table of text holds one matrix without a name");
    read_table(path);
  } else {
    refuse_known(path);
    read_array_index(path);  // says what it is not
  }
}

void RowReader::open_arrays(const std::filesystem::path& path, const std::string& tensor) {
  auto chosen = choose_matrix(path.string(), read_array_index(path), tensor, settings_.pool != "none");
  if (parts_.empty()) {
    if (!chosen.name.empty()) name_ += ", " + chosen.name;
    taken_.what = chosen.name;
    taken_.tensor = chosen.parts.size() == 1 ? chosen.parts[0].first : "";
    taken_.passed_over = chosen.passed_over;
  }
  for (auto& [name, span] : chosen.parts) {
    parts_.push_back({path, path.string() + (name.empty() ? "" : ", tensor '" + name + "'"), std::move(span)});
  }
}

void RowReader::read_table(const std::filesystem::path& path) {
  TextTable table = read_text_table(path, settings_);
  text_ = std::move(table.rows);
  taken_.table = std::move(table.taken);
  parts_.push_back({path, path.string(), {text_->dtype(), text_->shape(), 0}});
}

void RowReader::open_archive(const std::filesystem::path& path, const std::string& extension) {
  const MappedFile archive(path);
  std::string chosen = extension;
  const size_t before = parts_.size();
  for (const auto& entry : read_tar_index(archive.bytes(), path.string())) {
    const size_t slash = entry.name.rfind('/'), dot = entry.name.find('.', slash == std::string::npos ? 0 : slash);
    if (dot == std::string::npos) continue;
    const std::string own = entry.name.substr(dot + 1);
    if (extension.empty() && own != "npy" && !own.ends_with(".npy")) continue;
    if (chosen.empty()) chosen = own;
    taken_.tensor = chosen;
    taken_.what = "tensor '" + chosen + "'";
    if (own != chosen) {
      if (!extension.empty()) continue;
      throw InputError(path.string(), "holds several arrays a sample",
                       "choose one with --tensor: " + chosen + ", " + own + ", ...");
    }
    const std::string what = path.string() + ", " + entry.name;
    const NpyHead head =
        parse_npy_head(archive.bytes().substr(entry.offset, std::min(entry.size, kNpyHead)), entry.size, what);
    // Labels lie beside embeddings: integers are read where they are asked for.
    if (!head.span || (extension.empty() && !array::is_floating(head.span->type))) {
      throw InputError(what, "expected floating numbers, got " + (head.span ? head.span->describe() : head.other));
    }
    ArraySpan span = *head.span;
    span.offset += entry.offset;
    if (span.shape.size() == 1) {
      span.shape.insert(span.shape.begin(), 1);
      if (!span.strides.empty()) span.strides.insert(span.strides.begin(), 0);
    }
    parts_.push_back({path, what, span});
  }
  if (parts_.size() == before) {
    throw InputError(path.string(),
                     extension.empty() ? "holds no .npy arrays" : "holds no arrays '." + extension + "'");
  }
}

void RowReader::read(const Part& part, int64_t row, int64_t count, char* out) {
  const auto row_bytes = static_cast<uint64_t>(part.pooling.values()) * array::size_of(part.span.type);
  const uint64_t bytes = static_cast<uint64_t>(count) * row_bytes;
  if (text_) {
    std::memcpy(out, static_cast<const char*>(text_->raw()) + static_cast<uint64_t>(row) * row_bytes, bytes);
  } else {
    if (row == 0) open_part_ = std::make_unique<SpanRows>(part.path, part.span);
    open_part_->read(row, count, out);
  }
}

// The same pooled, some 4 MiB of samples at a time.
void RowReader::read_pooled(const Part& part, int64_t row, int64_t count, char* out) {
  const int64_t most = std::max<int64_t>(1, (int64_t{1} << 20) / part.pooling.values());
  for (int64_t done = 0; done < count;) {
    const int64_t taken = std::min(most, count - done);
    array::Array samples = array::Array::empty({taken, part.pooling.values()}, part.span.type);
    read(part, row + done, taken, static_cast<char*>(samples.mutable_raw()));
    const array::Array rows = pooled(samples, part.pooling);
    std::memcpy(out, rows.raw(), rows.nbytes());
    out += rows.nbytes();
    done += taken;
  }
}

array::Array RowReader::next(int64_t count) {
  int64_t left = 0;
  for (size_t p = part_; p < parts_.size() && left < count; ++p)
    left += parts_[p].span.shape[0] - (p == part_ ? done_ : 0);
  const array::DType type = pooled_type(parts_[0].span.type, parts_[0].pooling);
  array::Array block = array::Array::empty({std::min(count, left), columns()}, type);
  auto* out = static_cast<char*>(block.mutable_raw());
  for (int64_t made = 0; made < block.size(0);) {
    const Part& part = parts_[part_];
    const int64_t taken = std::min(block.size(0) - made, part.span.shape[0] - done_);
    char* const place = out + static_cast<size_t>(made * columns()) * array::size_of(type);
    if (taken > 0 && part.pooling.kind == Pooling::Kind::kNone) {
      read(part, done_, taken, place);
    } else if (taken > 0) {
      read_pooled(part, done_, taken, place);
    }
    made += taken;
    done_ += taken;
    if (done_ == part.span.shape[0]) {
      ++part_;
      done_ = 0;
    }
  }
  return array::is_floating(type) ? block : block.to(array::DType::kFloat64);
}

}  // namespace directclr::io
