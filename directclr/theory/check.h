#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/core/settings.h"

namespace directclr::theory {

/// One number that must stay small for a statement to hold: the largest deviation seen over all trials.
struct Measure {
  std::string what;
  double tolerance = 0;
  double deviation = 0;

  void see(double value) { deviation = std::isnan(value) ? INFINITY : std::max(deviation, value); }
  bool holds() const { return deviation <= tolerance; }
};

/// The statement without one of its assumptions, shown failing: the *smallest* deviation seen over all trials must be
/// large.
struct Counterexample {
  std::string without;
  double at_least = 0;
  double deviation = INFINITY;

  void see(double value) { deviation = std::isnan(value) ? -INFINITY : std::min(deviation, value); }
  bool shown() const { return deviation >= at_least; }
};

/// A statement of the paper, or one that follows it, checked numerically.
struct Check {
  std::string name;       ///< "lemma5"
  std::string title;      ///< "Lemma 5: singular vector dynamics"
  std::string statement;  ///< in words
  std::string formula;
  std::vector<Measure> measures;
  std::vector<Counterexample> counterexamples;
  std::string remark;    ///< where the paper's text is loose or wrong; "" when there is nothing to say
  bool in_paper = true;  ///< whether the paper states it

  /// Every measure within its tolerance, every counterexample shown.
  bool holds() const;
};

/// How often each statement is tried.
struct CheckSettings {
  int64_t seed = 0;
  int64_t trials = 5;

  void describe(FieldList& fields);
};

/// Names of all checks, in the paper's order.
std::vector<std::string> check_names();

/// Runs the checks of the names given (none: all) on all cores. A pure function of the settings.
/// Throws InputError for an unknown name, naming the nearest; Interrupted when `context` asks to stop.
std::vector<Check> run_checks(const CheckSettings& settings, const std::vector<std::string>& names,
                              const Context& context);

}  // namespace directclr::theory
