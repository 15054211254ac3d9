#pragma once

#include <string>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/spectrum/summary.h"

namespace directclr {
class Json;
}

namespace directclr::spectrum {

/// One number of a summary, with what a reader must know of it.
struct Measure {
  std::string name;        ///< "effective-rank"
  std::string text;        ///< the value, with its parameters: "34.7 of 512"; without one the reason
  double value = 0;        ///< may be infinite or not a number
  std::string definition;  ///< formula and source
  std::string caveat;      ///< when it misleads, and who computes it otherwise
  bool more_is_healthier = true;
  std::string reason = "";  ///< why the value is not finite; empty: it is
};

/// Which changes of the rows leave a measure as it is.
struct Invariances {
  bool rotation = true;      ///< of the features
  bool scale = true;         ///< all rows times a number
  bool row_order = true;     ///< another order of the rows
  bool column_order = true;  ///< another order of the features
  bool repetition = true;    ///< every row twice
  bool translation = true;   ///< a constant row added to all
};

/// Everything that is known of a measure of a summary. What texts, --explain, gates, the jackknife, result files and
/// the table in docs/math.md say of measures comes from these entries; a new measure is one more in measures.cpp.
struct MeasureKind {
  enum class Healthier { kMore, kLess };
  /// What it is computed from. Covariances alone give the first two; what needs more is not a number there.
  enum class From { kEigenvalues, kVariances, kDirections, kUncentred };

  std::string name;            ///< "effective-rank": on the command line, in texts, result files and pages
  std::string definition;      ///< formula and source
  std::string caveat;          ///< when it misleads
  std::string elsewhere = "";  ///< its other names, and who computes it otherwise; may be empty
  From from = From::kEigenvalues;
  double (*value)(const SpectrumSummary& summary) = nullptr;
  std::string (*text)(const SpectrumSummary& summary, double value) = nullptr;  ///< the value with its parameters
  Healthier healthier = Healthier::kMore;
  bool jackknife = false;  ///< smooth in the eigenvalues, so that the jackknife holds for it
  Invariances stays = {};  ///< under which changes
  Json (*json)(const SpectrumSummary& summary) = nullptr;  ///< what result files have under `name`; null: the value
  /// Why a summary gives no finite value; null: it always does where the summary has what it is computed from.
  std::string (*why_none)(const SpectrumSummary& summary) = nullptr;
  /// Adds what else result files have of it; null: nothing.
  void (*further)(const SpectrumSummary& summary, Json& object) = nullptr;
  std::string short_name = "";  ///< "rank": what gates may call it, too; empty: nothing
};

/// The most telling first.
const Table<MeasureKind>& measure_kinds();

/// All measures of a summary, in the table's order.
std::vector<Measure> measures_of(const SpectrumSummary& summary);

/// The same as an object, by name, as result files have them (docs/formats.md). Values that are not finite become null
/// when it is written; `reasons` says why, where there are any.
Json measures_object(const SpectrumSummary& summary);

/// Why a measure of the table has no finite value for a summary; empty: it has.
std::string reason_of(const MeasureKind& kind, const SpectrumSummary& summary);

/// A measure whose value is finite, or which has a reason: `text` is then what stands for it.
Measure with_reason(Measure measure, const std::string& reason);

/// Another tool, and what it gives for the same rows by its own conventions.
struct CompatTool {
  std::string name;
  std::string help;
  std::vector<Measure> (*measures)(const SpectrumSummary& summary);  ///< names without the tool's
};
/// Every tool that measures can be compared with.
const Table<CompatTool>& compat_tools();

/// The measures of a tool, "TOOL NAME" each. Throws InputError for a name that compat_tools() does not have.
std::vector<Measure> compatible_measures(const SpectrumSummary& summary, const std::string& tool);

}  // namespace directclr::spectrum
