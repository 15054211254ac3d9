#include "directclr/theory/covariance_matrix.h"

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/theory/eigensystem.h"

namespace directclr::theory {
namespace {

std::vector<double> numbers(const std::string& text, const std::string& where) {
  std::vector<double> values;
  for (const auto& piece : split(text, ',')) {
    double value = 0;
    if (!parse_double(piece, value)) throw InputError(where, "'" + piece + "' is not a number");
    values.push_back(value);
  }
  return values;
}

void check_size(size_t actual, Index size, const std::string& where, const char* what) {
  if (actual == static_cast<size_t>(size)) return;
  throw InputError(where,
                   format("%zu %s where the data have %lld dimensions", actual, what, static_cast<long long>(size)));
}

Matrix read_csv(const std::string& path, Index size, const std::string& where) {
  std::vector<std::vector<double>> rows;
  for (const auto& line : split(read_file(path), '\n')) {
    if (!line.empty()) rows.push_back(numbers(line, where + " " + path));
  }
  check_size(rows.size(), size, where, "rows");
  Matrix matrix(size, size);
  for (Index i = 0; i < size; ++i) {
    const auto& row = rows[static_cast<size_t>(i)];
    check_size(row.size(), size, where, "columns");
    for (Index j = 0; j < size; ++j) matrix(i, j) = row[static_cast<size_t>(j)];
  }
  return matrix;
}

}  // namespace

Matrix read_covariance(const std::string& text, Index size, const std::string& where) {
  Matrix covariance = Matrix::Identity(size, size);
  if (text.starts_with("power:")) {
    double exponent = 0;
    if (!parse_double(text.substr(6), exponent)) throw InputError(where, "'" + text + "' is not power:NUMBER");
    for (Index k = 0; k < size; ++k) covariance(k, k) = std::pow(static_cast<double>(k + 1), -exponent);
  } else if (text.starts_with("diagonal:")) {
    const auto values = numbers(text.substr(9), where);
    check_size(values.size(), size, where, "values");
    for (Index k = 0; k < size; ++k) covariance(k, k) = values[static_cast<size_t>(k)];
  } else if (text != "identity") {
    covariance = read_csv(text, size, where);
  }
  covariance_root(covariance, where);
  return covariance;
}

Matrix covariance_root(const Matrix& covariance, const std::string& where) {
  if (!covariance.allFinite()) throw InputError(where, "the covariance has values that are not finite");
  const double scale = covariance.cwiseAbs().maxCoeff();
  if ((covariance - covariance.transpose()).cwiseAbs().maxCoeff() > 1e-12 * scale) {
    throw InputError(where, "the covariance is not symmetric");
  }
  const Eigensystem solver(covariance);
  const Vector& values = solver.eigenvalues();
  if (values(0) < -1e-12 * scale) {
    throw InputError(where,
                     "the covariance is not positive semi-definite: it has the eigenvalue " + format_number(values(0)));
  }
  return solver.eigenvectors() * values.cwiseMax(0).cwiseSqrt().asDiagonal() * solver.eigenvectors().transpose();
}

Matrix block_noise(Index size, Index noised, double k) {
  if (!(k >= 0) || !std::isfinite(k)) throw InputError("k", "a variance cannot be " + format_number(k));
  if (noised < 0 || noised > size) {
    throw InputError("noised", format("must lie in 0 .. %lld, not %lld", static_cast<long long>(size),
                                      static_cast<long long>(noised)));
  }
  Matrix noise = Matrix::Zero(size, size);
  noise.bottomRightCorner(noised, noised).diagonal().setConstant(k);
  return noise;
}

}  // namespace directclr::theory
