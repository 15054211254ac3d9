#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"
#include "directclr/core/settings.h"
#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/spectrum/jackknife.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::spectrum {

/// What is wanted of a set of rows besides its spectrum.
struct AnalysisSettings {
  bool l2_normalize = false;
  bool skip_nonfinite = false;
  bool neighbours = false;
  std::string compat;
  int64_t jackknife = 0;
  int64_t views = 0;

  void describe(FieldList& f) {
    f.section("spectrum");
    f.add("l2_normalize", l2_normalize, "divide each row by its length first");
    f.add("skip_nonfinite", skip_nonfinite,
          "leave out rows that hold an infinity or a NaN; the result says how many and which");
    f.add(
        "neighbours", neighbours,
        "also compute uniformity, and the intrinsic dimension from exact nearest neighbours; keeps all rows in memory");
    f.add("compat", compat,
          "also compute the measures as another tool defines them, to compare with its numbers; one of " +
              join(compat_tools().names()) + "; empty: none");
    f.add("jackknife", jackknife, 0, 1000,
          "also compute standard errors: the rows are divided into this many groups, and each group is left out once; "
          "takes the rows for independent; 0: none");
    f.add("views", views, 0, 1000,
          "the rows come in groups of this many, the views of one sample: also compute alignment and LiDAR; a sample "
          "with a row that --skip-nonfinite leaves out does not count; 0: rows are not grouped");
  }
};

/// Of so many of the rows that are left out, the first, the numbers are kept.
constexpr size_t kNumberedRows = 100;

/// "rows 3, 17 and 5 more (counted from 0)": what `count` rows ("row", or what else they are) are called, the first ten
/// at most by their numbers.
std::string numbered(int64_t count, const std::vector<int64_t>& numbers, const std::string& what = "row");

/// What was found.
struct Analysis {
  SpectrumSummary summary;
  std::vector<int64_t> skipped_rows;  ///< numbers of the first kNumberedRows left out, ascending, counted from 0
  std::vector<JackknifeEstimate> jackknife;
  std::vector<Measure> compatible;
  std::vector<Measure> geometry;
  array::Array rows;  ///< (N, D) float32, finite; where they were kept
};

/// Rows that arrive in blocks, measured in one pass.
class RowAnalysis {
 public:
  /// `rows`: how many will come, at most. `keep_rows`: whether Analysis::rows is wanted. Throws InputError where the
  /// settings ask for what so many rows do not allow, or for a tool that is not known.
  RowAnalysis(const AnalysisSettings& settings, int64_t rows, int64_t columns, bool keep_rows = false);

  /// Rows (n, D), floating, and the `roundoff` of what they were made of. Throws NumericalError as FeatureMoments::add
  /// does.
  void add(const array::Array& block, double roundoff = 0);

  /// Sums of the rows so far; rows of other processes may be merged into them.
  FeatureMoments& moments() { return moments_; }
  /// Analysis::skipped_rows of the rows that came through add.
  const std::vector<int64_t>& skipped_rows() const { return skipped_rows_; }

  /// Throws Interrupted, and InputError, which names `where` the rows are from, where too few are left, or
  /// fewer came than the settings ask for.
  Analysis finish(const std::string& where, const Context& context = {});

 private:
  AnalysisSettings settings_;
  bool keep_rows_;
  FeatureMoments moments_;
  std::vector<Jackknife> jackknife_;  // one or none
  std::vector<array::Array> blocks_;
  std::vector<int64_t> skipped_rows_;
};

/// The same of the first `limit` (0: all) rows of a file. Throws InputError and NumericalError naming the file.
Analysis analyse(io::RowReader& reader, const AnalysisSettings& settings, int64_t limit, bool keep_rows,
                 const Context& context = {});

/// Throws NumericalError, "row 7 (counted from 0) holds values that are not finite", where rows (N, D) are not finite.
void require_finite(const array::Array& rows);

}  // namespace directclr::spectrum
