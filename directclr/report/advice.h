#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/projector_peers.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/trend.h"

namespace directclr::report {

/// What advice may go by. What is not known is null or empty.
struct Evidence {
  const SpectrumResult* spectrum = nullptr;        ///< what is judged: r of a run, or the rows of a file
  const SpectrumResult* embedding = nullptr;       ///< z of that run
  const ExplanationResult* explanation = nullptr;  ///< of that network
  std::string projector = "";                      ///< of that run; empty: no run
  std::optional<Fall> fall = {};                   ///< of the effective rank of r while it was trained
  std::string unfinished = "";            ///< of a run that has not ended: "has stopped at epoch 1.5 of 4, step 60"
  std::string resume = "";                ///< the command that goes on with one that has stopped
  std::optional<double> top1 = {};        ///< share that the run's linear probe tells right
  std::vector<ProjectorPeer> peers = {};  ///< of that run, in the same comparison
  std::function<std::string(const std::string& name)> setting = {};  ///< the text of a setting of that run; "": none
};

/// What the peers show of a projector, for a run without one whose r has dead directions; of others nothing.
ProjectorEvidence projector_evidence(const Evidence& evidence);

/// One rule: what to do where something is known to help. A rule that does not know is silent. docs/pages.md has each,
/// with what it rests on.
struct AdviceRule {
  std::string name;
  std::string help;                                  ///< when it speaks
  std::function<std::string(const Evidence&)> text;  ///< a sentence; empty: nothing to say
  const char* several = "";  ///< said once where it speaks for several runs; empty: what it says of each
  std::function<std::string(const Evidence&)> own = {};  ///< what `several` leaves out of a run; empty: nothing
};
/// All rules, in the order in which their advice is given.
const Table<AdviceRule>& advice_rules();

/// What the rules have to say.
std::vector<std::string> advise(const Evidence& evidence);
/// What they have to say of several runs, by their names: a rule that says the same of some, or has words for several,
/// says it once, behind the names of those ("All: " where it is of all).
std::vector<std::string> advise_all(const std::vector<std::pair<std::string, Evidence>>& runs);

/// What to change in a training where one operation of the augmentation is too strong, by its name: "a larger
/// `--crop-scale-min`". Empty for a name that is none of the program's.
std::string weaker(const std::string& operation);

/// The operation that alone makes at least half of what the augmentation spreads in the weakest directions, and without
/// which the least is left; empty where no operation is both, or nothing was attributed.
std::string main_operation(const ExplanationResult& explanation);

}  // namespace directclr::report
