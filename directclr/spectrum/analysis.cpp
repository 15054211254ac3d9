#include "directclr/spectrum/analysis.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/geometry_measures.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

// One below the other: (N, D) float32.
Array joined(const std::vector<Array>& blocks, int64_t columns) {
  int64_t rows = 0;
  for (const auto& block : blocks) rows += block.size(0);
  Array all = Array::empty({rows, columns}, DType::kFloat32);
  char* to = static_cast<char*>(all.mutable_raw());
  for (const auto& block : blocks) {
    if (block.nbytes() > 0) std::memcpy(to, block.raw(), block.nbytes());
    to += block.nbytes();
  }
  return all;
}

// The rows of samples, `views` each, that are finite in all their views. `finite`: of all rows those that are.
Array whole_samples(const Array& all, const Array& finite, int64_t views) {
  const int64_t n = all.size(0);
  if (finite.size(0) == n || views < 1 || n % views != 0) return all;
  std::vector<int64_t> kept;
  for (int64_t first = 0; first < n; first += views) {
    if (finite_rows(all.slice(first, first + views)).size(0) < views) continue;
    for (int64_t v = 0; v < views; ++v) kept.push_back(first + v);
  }
  return all.rows(kept);
}

// Numbers of the rows of a block that are not finite; its first row has the number `begin`.
std::vector<int64_t> bad_rows(const Array& block, int64_t begin) {
  std::vector<int64_t> bad;
  for (int64_t i = 0; i < block.size(0); ++i) {
    if (finite_rows(block.slice(i, i + 1)).size(0) == 0) bad.push_back(begin + i);
  }
  return bad;
}

// "rows 3, 17 (counted from 0) hold values that are not finite".
std::string complaint(const std::vector<int64_t>& bad) {
  return numbered(static_cast<int64_t>(bad.size()), bad) + (bad.size() == 1 ? " holds" : " hold") +
         " values that are not finite";
}

// Throws where float32 rows are not what was seen: too large for that type, or so small that little is left of them.
void require_float_range(const std::string& where, const Array& rows, const FeatureMoments& moments) {
  float largest = 0;
  for (const float value : rows.values<float>()) largest = std::max(largest, std::abs(value));
  const std::vector<double> directions = array::to_doubles(moments.sums().unit_squares);
  const bool some = std::any_of(directions.begin(), directions.end(), [](double square) { return square > 0; });
  if (rows.size(0) == moments.count() && !(some && largest < 1e-30F)) return;
  throw NumericalError(where +
                       ": neighbours and views see rows as float32, whose range the values leave (multiply all "
                       "by one number)");
}

void require_groups(int64_t groups, int64_t rows) {
  if (groups >= 2 && rows >= 2 * groups) return;
  throw InputError("--jackknife", format("%lld rows do not fill %lld groups of two", static_cast<long long>(rows),
                                         static_cast<long long>(groups)));
}

}  // namespace

std::string numbered(int64_t count, const std::vector<int64_t>& numbers, const std::string& what) {
  constexpr size_t kNamed = 10;
  std::vector<std::string> named;
  for (size_t i = 0; i < std::min(numbers.size(), kNamed); ++i) named.push_back(std::to_string(numbers[i]));
  const auto more = static_cast<long long>(count) - static_cast<long long>(named.size());
  return what + (count == 1 ? " " : "s ") + join(named) + (more > 0 ? format(" and %lld more", more) : "") +
         " (counted from 0)";
}

RowAnalysis::RowAnalysis(const AnalysisSettings& settings, int64_t rows, int64_t columns, bool keep_rows)
    : settings_(settings),
      keep_rows_(keep_rows || settings.neighbours || settings.views > 0),
      moments_(columns, settings.l2_normalize, settings.skip_nonfinite) {
  if (!settings.compat.empty()) compatible_measures({}, settings.compat);  // throws for an unknown tool
  if (settings.jackknife == 0) return;
  require_groups(settings.jackknife, rows);
  jackknife_.emplace_back(columns, settings.jackknife);
}

void RowAnalysis::add(const Array& block, double roundoff) {
  const int64_t skipped = moments_.sums().skipped, seen = moments_.count() + skipped;
  try {
    moments_.add(block, roundoff);
  } catch (const NumericalError&) {
    const auto bad = bad_rows(block, seen);
    if (bad.empty()) throw;
    throw NumericalError(complaint(bad) +
                         format(", among the first %lld", static_cast<long long>(seen + block.size(0))));
  }
  if (moments_.sums().skipped > skipped && skipped_rows_.size() < kNumberedRows) {
    const auto bad = bad_rows(block, seen);
    skipped_rows_.insert(skipped_rows_.end(), bad.begin(), bad.end());
    if (skipped_rows_.size() > kNumberedRows) skipped_rows_.resize(kNumberedRows);
  }
  if (keep_rows_) blocks_.push_back(block.to(DType::kFloat32));
  if (!jackknife_.empty()) {
    const Array finite = finite_rows(block);
    jackknife_[0].add(settings_.l2_normalize ? unit_rows(finite) : finite);
  }
}

Analysis RowAnalysis::finish(const std::string& where, const Context& context) {
  if (moments_.count() < 2) throw InputError(where, "fewer than 2 rows are finite");
  if (!jackknife_.empty()) require_groups(settings_.jackknife, moments_.count() + moments_.sums().skipped);
  Analysis found;
  try {
    found.summary = moments_.summary();
  } catch (const NumericalError& error) {
    throw NumericalError(where + ": " + error.what());
  }
  found.skipped_rows = skipped_rows_;
  if (!jackknife_.empty()) found.jackknife = jackknife_[0].estimates();
  if (!settings_.compat.empty()) found.compatible = compatible_measures(found.summary, settings_.compat);
  Array all;
  if (keep_rows_) {
    all = joined(std::exchange(blocks_, {}), moments_.dimensions());
    found.rows = finite_rows(all);
    require_float_range(where, found.rows, moments_);
  }
  if (settings_.neighbours) found.geometry = neighbour_measures(found.rows, context);
  if (settings_.views > 0) {
    const Array samples = whole_samples(all, found.rows, settings_.views);
    for (auto& measure : view_measures(samples, settings_.views)) found.geometry.push_back(std::move(measure));
  }
  return found;
}

Analysis analyse(io::RowReader& reader, const AnalysisSettings& settings, int64_t limit, bool keep_rows,
                 const Context& context) {
  const int64_t wanted = limit > 0 ? std::min(limit, reader.rows()) : reader.rows();
  const std::string name = reader.path().string();
  if (wanted < 2) throw InputError(name, "a covariance needs at least 2 rows");
  if (reader.columns() < 1) throw InputError(name, "the rows are empty");
  RowAnalysis analysis(settings, wanted, reader.columns(), keep_rows);
  // Some 4 MiB of float32 at a time.
  const int64_t block = std::clamp<int64_t>((int64_t{1} << 20) / reader.columns(), 16, 65536);
  for (int64_t done = 0; done < wanted;) {
    const Array rows = reader.next(std::min(block, wanted - done));
    try {
      analysis.add(rows, reader.roundoff());
      done += rows.size(0);
    } catch (const NumericalError& error) {
      throw NumericalError(name + ": " + error.what() + " (leave them out with --skip-nonfinite)");
    }
    const auto units = static_cast<uint64_t>(done);
    context.progress({"covariance", units, static_cast<uint64_t>(wanted), "rows", units, ""});
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
  }
  if (const int64_t skipped = analysis.moments().sums().skipped; skipped > 0) {
    context.notice("notice: " + name + ": left out, not finite: " + numbered(skipped, analysis.skipped_rows()));
  }
  return analysis.finish(name, context);
}

void require_finite(const Array& rows) {
  if (finite_rows(rows).size(0) == rows.size(0)) return;
  throw NumericalError(complaint(bad_rows(rows, 0)));
}

}  // namespace directclr::spectrum
