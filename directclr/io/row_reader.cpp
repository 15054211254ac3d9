#include "directclr/io/row_reader.h"

#include <ATen/ops/tensor.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/npy.h"
#include "directclr/io/tensor_index.h"

namespace directclr::io {
namespace {

bool is_matrix(const TensorSpan& span) { return span.shape.size() == 2 && at::isFloatingType(span.type); }

using Index = std::vector<std::pair<std::string, TensorSpan>>;

// Numbers as text, a row a line.
at::Tensor read_csv(const std::filesystem::path& path) {
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
  return at::tensor(values, at::kDouble).view({rows, columns});
}

// The tensor asked for, or the only matrix there is.
std::pair<std::string, TensorSpan> choose(const std::filesystem::path& path, const Index& index,
                                          const std::string& wanted) {
  std::vector<std::string> matrices;
  std::vector<std::string> names;
  const TensorSpan* only = nullptr;
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
  if (path.extension() == ".npy") {
    if (!tensor.empty()) throw InputError("--tensor", "a .npy file holds one array without a name");
    span_ = read_npy_span(path);
  } else if (path.extension() == ".csv") {
    if (!tensor.empty()) throw InputError("--tensor", "a .csv file holds one matrix without a name");
    all_ = read_csv(path);
    span_ = {at::kDouble, all_.sizes().vec(), 0};
  } else {
    const auto [name, span] = choose(path, read_tensor_index(path), tensor);
    if (!name.empty()) name_ += ", tensor '" + name + "'";
    span_ = span;
  }
  if (!is_matrix(span_)) {
    std::vector<std::string> sizes;
    for (const int64_t size : span_.shape) sizes.push_back(std::to_string(size));
    throw InputError(path.string(), std::string("expected an (N, D) matrix of floating numbers, got ") +
                                        c10::toString(span_.type) + " (" + join(sizes) + ")");
  }
}

at::Tensor RowReader::next(int64_t count) {
  const int64_t taken = std::min(count, rows() - done_);
  if (all_.defined()) {
    done_ += taken;
    return all_.slice(0, done_ - taken, done_);
  }
  TensorSpan rows = span_;
  rows.shape[0] = taken;
  rows.offset += static_cast<uint64_t>(done_ * columns()) * c10::elementSize(span_.type);
  const at::Tensor block = read_tensor(path_, rows);
  done_ += taken;
  return block;
}

}  // namespace directclr::io
