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

namespace directclr::io {
namespace {

bool is_matrix(const ArraySpan& span) { return span.shape.size() == 2; }

// Numbers as text, a row a line.
array::Array read_csv(const std::filesystem::path& path) {
  std::vector<double> values;
  int64_t columns = -1, rows = 0, line_number = 0;
  for (const auto& line : split(read_file(path), '\n')) {
    ++line_number;
    std::vector<double> row;
    bool numbers = true;
    for (size_t at = 0; at < line.size();) {
      const size_t begin = line.find_first_not_of(",; \t\r", at);
      if (begin == std::string::npos) break;
      const size_t end = std::min(line.find_first_of(",; \t\r", begin), line.size());
      double value = 0;
      numbers = numbers && parse_double(std::string_view(line).substr(begin, end - begin), value);
      row.push_back(value);
      at = end;
    }
    if (row.empty() || (!numbers && rows == 0 && columns < 0)) {
      if (!row.empty()) columns = static_cast<int64_t>(row.size());  // a heading
      continue;
    }
    if (!numbers || (columns >= 0 && static_cast<int64_t>(row.size()) != columns)) {
      throw InputError(path.string(), format("line %lld is no row of %lld numbers", static_cast<long long>(line_number),
                                             static_cast<long long>(columns)));
    }
    columns = static_cast<int64_t>(row.size());
    ++rows;
    values.insert(values.end(), row.begin(), row.end());
  }
  if (rows == 0) throw InputError(path.string(), "holds no numbers");
  return array::Array::of(std::move(values), {rows, columns});
}

}  // namespace

RowReader::RowReader(const std::filesystem::path& path, const std::string& tensor)
    : path_(path), name_(path.filename().string()) {
  if (std::filesystem::exists(path) || path.string().find_first_of("*?[") == std::string::npos) {
    open(path, tensor);
  } else {
    const auto files = matching_files(path.string());
    if (files.empty()) throw InputError(path.string(), "there are no such files");
    for (const auto& file : files) open(file, tensor);
  }
  for (auto& part : parts_) {
    auto& shape = part.span.shape;
    if (!is_matrix(part.span)) {
      throw InputError(part.name, "expected an (N, D) matrix, got " + part.span.describe());
    }
    if (shape[1] != columns() || part.span.type != parts_[0].span.type) {
      throw InputError(part.name, format("its rows are %lld numbers of type %s, those before %lld of type %s",
                                         static_cast<long long>(shape[1]), array::name_of(part.span.type),
                                         static_cast<long long>(columns()), array::name_of(parts_[0].span.type)));
    }
    rows_ += shape[0];
  }
  if (parts_.size() > 1 && text_) throw InputError(path.string(), "text files are read one at a time");
}

RowReader::~RowReader() = default;

void RowReader::open(const std::filesystem::path& path, const std::string& tensor) {
  if (is_array_file(path)) {
    auto chosen = choose_matrix(path.string(), read_array_index(path), tensor);
    if (parts_.empty()) {
      if (!chosen.name.empty()) name_ += ", " + chosen.name;
      passed_over_ = chosen.passed_over;
    }
    for (auto& [name, span] : chosen.parts) {
      parts_.push_back({path, path.string() + (name.empty() ? "" : ", tensor '" + name + "'"), std::move(span)});
    }
  } else if (path.extension() == ".tar") {
    open_archive(path, tensor);
  } else if (path.extension() == ".csv") {
    if (!tensor.empty()) throw InputError("--tensor", "a .csv file holds one matrix without a name");
    text_ = read_csv(path);
    parts_.push_back({path, path.string(), {text_->dtype(), text_->shape(), 0}});
  } else {
    read_array_index(path);  // says what it is not
  }
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
  const auto row_bytes = static_cast<uint64_t>(columns()) * array::size_of(part.span.type);
  const uint64_t bytes = static_cast<uint64_t>(count) * row_bytes;
  if (text_) {
    std::memcpy(out, static_cast<const char*>(text_->raw()) + static_cast<uint64_t>(row) * row_bytes, bytes);
  } else {
    if (row == 0) open_part_ = std::make_unique<SpanRows>(part.path, part.span);
    open_part_->read(row, count, out);
  }
}

array::Array RowReader::next(int64_t count) {
  int64_t left = 0;
  for (size_t p = part_; p < parts_.size() && left < count; ++p)
    left += parts_[p].span.shape[0] - (p == part_ ? done_ : 0);
  array::Array block = array::Array::empty({std::min(count, left), columns()}, parts_[0].span.type);
  auto* out = static_cast<char*>(block.mutable_raw());
  for (int64_t made = 0; made < block.size(0);) {
    const Part& part = parts_[part_];
    const int64_t taken = std::min(block.size(0) - made, part.span.shape[0] - done_);
    if (taken > 0)
      read(part, done_, taken, out + static_cast<size_t>(made * columns()) * array::size_of(block.dtype()));
    made += taken;
    done_ += taken;
    if (done_ == part.span.shape[0]) {
      ++part_;
      done_ = 0;
    }
  }
  return array::is_floating(block.dtype()) ? block : block.to(array::DType::kFloat64);
}

}  // namespace directclr::io
