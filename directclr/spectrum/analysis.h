#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"
#include "directclr/io/row_reader.h"
#include "directclr/spectrum/jackknife.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::spectrum {

/// What is wanted of a set of rows besides its spectrum.
struct AnalysisSettings {
  bool l2_normalize = false;    ///< each row is first divided by its length
  bool skip_nonfinite = false;  ///< rows that are not finite are left out and counted; else they end the work
  int64_t jackknife = 0;        ///< groups of rows for standard errors; 0: none
  bool neighbours = false;      ///< also neighbour_measures; the rows are held in memory
  /// Also view_measures, rows in groups of so many; 0: not. Of a group with a row that is left out no row counts there.
  int64_t views = 0;
  std::string compat;  ///< also compatible_measures; empty: not
};

/// What was found.
struct Analysis {
  SpectrumSummary summary;
  std::vector<Measure> measures;  ///< of the summary
  std::vector<JackknifeEstimate> jackknife;
  std::vector<Measure> compatible;
  std::vector<Measure> geometry;
  array::Array rows;  ///< (N, D) float32, finite; where they were kept
};

/// Rows that arrive in blocks, measured in one pass.
class RowAnalysis {
 public:
  /// `rows`: how many will come. `keep_rows`: whether Analysis::rows is wanted. Throws InputError where the settings
  /// ask for what so many rows do not allow, or for a tool that is not known.
  RowAnalysis(const AnalysisSettings& settings, int64_t rows, int64_t columns, bool keep_rows = false);

  /// Rows (n, D), floating. Throws NumericalError as FeatureMoments::add does.
  void add(const array::Array& block);

  /// Sums of the rows so far; rows of other processes may be merged into them.
  FeatureMoments& moments() { return moments_; }

  /// Throws Interrupted, and InputError, which names `where` the rows are from, where too few are left.
  Analysis finish(const std::string& where, const Context& context = {});

 private:
  AnalysisSettings settings_;
  bool keep_rows_;
  FeatureMoments moments_;
  std::vector<Jackknife> jackknife_;  // one or none
  std::vector<array::Array> blocks_;
};

/// The same of the first `limit` (0: all) rows of a file. Throws InputError and NumericalError naming the file.
Analysis analyse(io::RowReader& reader, const AnalysisSettings& settings, int64_t limit, bool keep_rows,
                 const Context& context = {});

}  // namespace directclr::spectrum
