#pragma once

#include <optional>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::report {

/// A run that differs from another in the projector alone, and what is known of it that can be compared.
struct ProjectorPeer {
  std::string name;                          ///< of the run
  std::string projector;                     ///< "none" for one without
  const SpectrumResult* spectrum = nullptr;  ///< of its r, measured as the other's was; null: there is none
  std::optional<double> top1 = {};           ///< share that its linear probe tells right, by the same protocol
};

/// Whether the dead directions of two spectra can be compared: images, split, normalisation, line and width are the
/// same, and b has enough rows.
bool measured_alike(const SpectrumResult& a, const SpectrumResult& b);

/// Those of `beside` whose settings are the run's but for the projector (and how they were carried out and watched), on
/// the same images, and that have ended, as the run itself. They point into `beside`, in which the run may stand.
std::vector<ProjectorPeer> projector_peers(const RunResults& run, const std::vector<RunResults>& beside);

/// Of the runs beside that have another projector and are no peers, the one that lacks least for it: "\"mlp1\" differs
/// in seed as well". Empty where there is none.
std::string nearest_to_a_peer(const RunResults& run, const std::vector<RunResults>& beside);

/// What such runs show of a projector, for a run without one.
struct ProjectorEvidence {
  enum class Kind {
    kNothing,   ///< no run with a projector to compare with
    kUnknown,   ///< there is one, and nobody has measured its spectrum in the same way
    kHelps,     ///< with one fewer directions of r are dead, and accuracy, where it is known of both, is not lower
    kCosts,     ///< with one fewer directions are dead, but accuracy is lower each time
    kNoRemedy,  ///< with one as many directions are dead, or more
  };
  Kind kind = Kind::kNothing;
  std::string best;   ///< kHelps: the name of the projector to take: of the highest accuracy, else of fewest dead
  std::string facts;  ///< "without one 24 of 64 directions are dead (linear probe 75.0 %), with mlp 0 (81.2 %)"
  std::vector<std::string> unmeasured;  ///< names of runs of which the same is not known
  bool gains_accuracy = false;          ///< some run with a projector has a higher accuracy
};
/// `spectrum`, `top1`: of the run without projector. Requires spectra of one width.
ProjectorEvidence projector_evidence(const SpectrumResult& spectrum, const std::optional<double>& top1,
                                     const std::vector<ProjectorPeer>& peers);

}  // namespace directclr::report
