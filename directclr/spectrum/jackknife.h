#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/spectrum/covariance.h"

namespace directclr::spectrum {

/// How sure a measure of a covariance is, and how far a finite sample bends it.
struct JackknifeEstimate {
  std::string measure;        ///< as in measures.h
  double value = 0;           ///< of all rows
  double standard_error = 0;  ///< of the value, rows taken for independent
  double bias = 0;            ///< expected value less the truth; of ranks below 0, since few rows show fewer directions
};

/// Delete-a-group jackknife over groups of rows: row i belongs to group i mod G. Memory G D^2, and G + 1
/// eigendecompositions at the end.
class Jackknife {
 public:
  /// Requires: dimensions >= 1, groups >= 2.
  Jackknife(int64_t dimensions, int64_t groups);
  /// Rows (n, D), finite.
  void add(const array::Array& rows);
  /// The measures that follow from the centred covariance. Requires rows in every group.
  std::vector<JackknifeEstimate> estimates() const;

 private:
  std::vector<Covariance> groups_;
  int64_t next_ = 0;  // group of the next row
};

}  // namespace directclr::spectrum
