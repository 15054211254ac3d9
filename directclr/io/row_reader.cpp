#include "directclr/io/row_reader.h"

#include <algorithm>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/mapped_file.h"
#include "directclr/core/tar.h"
#include "directclr/core/text.h"
#include "directclr/io/array_index.h"
#include "directclr/io/inflate.h"
#include "directclr/io/npy.h"

namespace directclr::io {
namespace {

bool is_matrix(const ArraySpan& span) { return span.shape.size() == 2 && array::is_floating(span.type); }

using Index = std::vector<std::pair<std::string, ArraySpan>>;

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

// The tensor asked for, or the only matrix there is.
std::pair<std::string, ArraySpan> choose(const std::filesystem::path& path, const Index& index,
                                         const std::string& wanted) {
  std::vector<std::string> matrices;
  std::vector<std::string> names;
  const ArraySpan* only = nullptr;
  for (const auto& [name, span] : index) {
    if (name == wanted) return {name, span};
    names.push_back(name);
    if (!is_matrix(span)) continue;
    matrices.push_back(name);
    only = &span;
  }
  if (!wanted.empty()) {
    const std::string near = nearest(wanted, names);
    throw InputError(path.string(), "there is no tensor '" + wanted + "'",
                     near.empty() ? "" : "did you mean '" + near + "'?");
  }
  if (matrices.empty()) throw InputError(path.string(), "holds no matrix of floating numbers");
  if (matrices.size() > 1) {
    matrices.resize(std::min<size_t>(matrices.size(), 6));
    throw InputError(path.string(), "holds several matrices", "choose one with --tensor: " + join(matrices) + ", ...");
  }
  return {matrices[0], *only};
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
      std::vector<std::string> sizes;
      for (const int64_t size : shape) sizes.push_back(std::to_string(size));
      throw InputError(part.name, std::string("expected an (N, D) matrix of floating numbers, got ") +
                                      array::name_of(part.span.type) + " (" + join(sizes) + ")");
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
  if (path.extension() == ".tar") {
    open_archive(path, tensor);
  } else if (path.extension() == ".npy") {
    if (!tensor.empty()) throw InputError("--tensor", "a .npy file holds one array without a name");
    parts_.push_back({path, path.string(), read_npy_span(path)});
  } else if (path.extension() == ".csv") {
    if (!tensor.empty()) throw InputError("--tensor", "a .csv file holds one matrix without a name");
    text_ = read_csv(path);
    parts_.push_back({path, path.string(), {text_->dtype(), text_->shape(), 0}});
  } else {
    const auto [name, span] = choose(path, read_array_index(path), tensor);
    if (!name.empty() && parts_.empty()) name_ += ", tensor '" + name + "'";
    parts_.push_back({path, path.string(), span});
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
    ArraySpan span =
        parse_npy_head(archive.bytes().substr(entry.offset, std::min(entry.size, kNpyHead)), entry.size, what);
    span.offset += entry.offset;
    if (span.shape.size() == 1) span.shape.insert(span.shape.begin(), 1);
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
  } else if (part.span.compressed > 0) {
    if (row == 0) {
      stream_ = std::make_unique<InflateStream>(part.path, part.span.offset, part.span.compressed);
      stream_->skip(part.span.skip);
    }
    stream_->read(out, bytes);
  } else {
    read_range(part.path, part.span.offset + static_cast<uint64_t>(row) * row_bytes, bytes, out);
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
  return block;
}

}  // namespace directclr::io
