#include "directclr/io/row_reader.h"

#include <algorithm>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/array_index.h"
#include "directclr/io/joined_files.h"
#include "directclr/io/span_rows.h"
#include "directclr/io/tar_arrays.h"
#include "directclr/io/text_table.h"
#include "directclr/io/unread_files.h"

namespace directclr::io {
namespace {

bool is_table(const std::filesystem::path& path) {
  const std::string ending = lower(path.extension().string());
  return ending == ".csv" || ending == ".tsv" || ending == ".txt";
}

}  // namespace

RowReader::RowReader(const std::filesystem::path& path, const std::string& tensor, const RowSettings& settings)
    : path_(path), name_(path.filename().string()), settings_(settings) {
  if (std::filesystem::exists(path) || path.string().find_first_of("*?[") == std::string::npos) {
    open({path}, tensor);
  } else {
    const auto files = matching_files(path.string());
    if (files.empty()) throw InputError(path.string(), "there are no such files");
    open(files, tensor);
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
  taken_.type = parts_[0].span.type_name();
  taken_.parts = std::ssize(parts_);
  for (auto& part : parts_) {
    part.pooling = pooling_of(part.span.shape, settings_.pool, part.name);
    const std::string_view held = part.span.type_name(), first_held = parts_[0].span.type_name();
    const array::DType type = pooled_type(part.span.type, part.pooling),
                       first = pooled_type(parts_[0].span.type, parts_[0].pooling);
    if (part.pooling.width != columns() || held != first_held || type != first) {
      const bool rows_differ = held == first_held;
      throw InputError(
          part.name,
          format("its rows are %lld numbers of type %s, those before %lld of type %s",
                 static_cast<long long>(part.pooling.width), rows_differ ? array::name_of(type) : held.data(),
                 static_cast<long long>(columns()), rows_differ ? array::name_of(first) : first_held.data()));
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

void RowReader::open(const std::vector<std::filesystem::path>& paths, const std::string& tensor) {
  std::vector<FileChoice> files;
  for (const auto& path : paths) {
    if (is_array_file(path)) {
      const bool pool = settings_.pool != "none";
      files.push_back({path, choose_matrix(path.string(), read_array_index(path), tensor, pool)});
    } else if (lower(path.extension().string()) == ".tar") {
      files.push_back({path, arrays_of_archive(path, tensor)});
    } else if (is_table(path)) {
      if (!tensor.empty()) throw InputError("--tensor", "a table of text holds one matrix without a name");
      read_table(path);
    } else {
      refuse_known_ending(path);
      read_array_index(path);  // says what it is not
    }
  }
  if (!files.empty()) take_arrays(std::move(files), tensor.empty());
}

// `any_name`: no name was asked for.
void RowReader::take_arrays(std::vector<FileChoice> files, bool any_name) {
  if (any_name) require_one_source(files);
  const bool samples = files[0].matrix.kind == ChosenMatrix::Kind::kSamples;
  taken_.what = text_of_parts(files);
  taken_.passed_over = passed_over_of(files);
  if (samples) {
    taken_.tensor = files[0].matrix.source;
  } else if (taken_.what.starts_with("tensor ")) {
    taken_.tensor = files[0].matrix.parts[0].first;
  }
  if (!samples && !taken_.what.empty()) name_ += ", " + taken_.what;
  for (auto& [path, matrix] : files) {
    for (auto& [name, span] : matrix.parts) {
      const std::string part = name.empty() ? "" : samples ? ", " + name : ", tensor '" + name + "'";
      parts_.push_back({path, path.string() + part, std::move(span)});
    }
  }
}

void RowReader::read_table(const std::filesystem::path& path) {
  TextTable table = read_text_table(path, settings_);
  text_ = std::move(table.rows);
  taken_.table = std::move(table.taken);
  parts_.push_back({path, path.string(), {text_->dtype(), text_->shape(), 0}});
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
