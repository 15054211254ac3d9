#include "directclr/paper/comparison.h"

// Figure 7b: without a projector the representation collapses.

namespace directclr::paper {
namespace {

std::vector<Variant> variants(const Widths&) { return {mlp(), no_projector()}; }

SuiteResult present(const SuiteResults& results, const std::filesystem::path& figures) {
  SuiteResult result{figure7().name, figure7().title,
                     "On ImageNet the representation keeps all its dimensions with a projector, and loses many of them "
                     "without one: its spectrum then drops off a cliff."};
  result.findings = {comparison(results, no_projector(), mlp(), dead_directions, "dead directions of r"),
                     comparison(results, mlp(), no_projector(), effective_rank, "effective rank of r")};
  result.draw(results, spectra_figure(results, variants(results.widths), "representation", "Representation"), figures,
              "Spectrum of the representation's covariance with and without projector, logarithmic; bands: range over "
              "seeds.");
  return result;
}

}  // namespace

const Suite& figure7() {
  static const Suite suite{"fig7", "Figure 7b: spectrum of the representation, with and without projector", variants,
                           present};
  return suite;
}

}  // namespace directclr::paper
