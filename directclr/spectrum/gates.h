#pragma once

#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/spectrum/summary.h"
#include "directclr/spectrum/verdict.h"

namespace directclr {
class Json;
}

namespace directclr::spectrum {

/// What a summary must hold, as options have it: "rank=0.1D,normalized-std=0.5", "dead=10", "collapse,too-few-rows".
struct GateTexts {
  std::string under;  ///< floors of measures of which more is healthier
  std::string over;   ///< ceilings of measures of which less is healthier
  std::string on;     ///< verdicts that fail; "collapse" is every kind of collapse
};

/// One gate, and whether a summary passed it.
struct GateResult {
  std::string gate;   ///< "--fail-over dead-directions=10"
  std::string found;  ///< "2046", "dimensional collapse", "no value: all rows are the same"
  bool passed = false;
  std::string text;  ///< "dead-directions is 2046, over 10 (--fail-over)"; of a gate that was passed too
};

/// Floors, ceilings and verdicts, read once and held against any number of summaries.
class Gates {
 public:
  Gates() = default;
  /// `options`: what the options begin with, "--fail" or "--stop", for messages. Throws InputError, naming the option,
  /// for what is malformed, a measure or verdict that is not known, a floor under a measure of which less is healthier
  /// and a ceiling over one of which more is.
  Gates(const GateTexts& texts, const std::string& options);

  bool empty() const { return bounds_.empty() && verdicts_.empty(); }

  /// Names of the measures that have a floor or a ceiling.
  std::vector<std::string> measures() const;
  /// Whether this verdict fails.
  bool fails_on(Verdict::Kind kind) const;

  /// Throws InputError where one asks for what a training's monitor does not know: a measure of rows that are not
  /// centred, or too few rows, of which nothing is judged.
  void check_for_training(const std::string& options) const;

  /// All gates in their order. A measure without a finite value passes none; the text then has the reason.
  std::vector<GateResult> results(const SpectrumSummary& summary, const Verdict& verdict) const;

 private:
  // "effective-rank=0.1D": a tenth of the dimensions.
  struct Bound {
    std::string measure;
    double value = 0;
    bool of_dimensions = false;
    bool ceiling = false;
    std::string option;
  };
  void add_bounds(const std::string& text, bool ceilings, const std::string& option);
  void add_verdicts(const std::string& text, const std::string& option);
  std::vector<Bound> bounds_;
  std::vector<Verdict::Kind> verdicts_;
  std::string on_;  // "--fail-on collapse"
};

/// The texts of those that were not passed.
std::vector<std::string> failures(const std::vector<GateResult>& results);

/// As results have them: {"gate", "found", "passed"} each.
Json json_of(const std::vector<GateResult>& results);

/// A gate was not passed. Exit status 5.
class GateFailure : public Error {
 public:
  /// A line a gate.
  explicit GateFailure(std::vector<std::string> failed);
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace directclr::spectrum
