#include "directclr/paper/variants.h"

// Figure 7b: without a projector the representation collapses.

namespace directclr::paper {
namespace {

std::vector<Variant> variants(const Widths&) { return {mlp(), no_projector()}; }

void present(Section& section, const Results& results, const std::filesystem::path& figures) {
  section.findings = {comparison(results, no_projector(), mlp(), dead_directions, "dead directions of r"),
                      comparison(results, mlp(), no_projector(), effective_rank, "effective rank of r")};
  section.draw(
      results, spectra_figure(results, variants(results.widths), "representation", "Spectrum of the representation"),
      figures,
      "How much varies along each direction of the representation, the strongest first; where a curve lies below the "
      "dashed line of its colour, directions are dead. Bands: range over seeds.");
}

}  // namespace

Suite figure7() {
  return {"fig7",
          "Figure 7b. Two runs, with the MLP and without projector: the spectrum of r. Does the projector keep it "
          "from collapsing?",
          "Figure 7b: spectrum of the representation, with and without projector",
          "On ImageNet the representation keeps all its dimensions with a projector, and loses many of them "
          "without one: its spectrum then drops off a cliff.",
          variants,
          present};
}

}  // namespace directclr::paper
