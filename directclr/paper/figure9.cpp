#include "directclr/paper/variants.h"

// Figure 9: DirectCLR prevents the collapse of the representation.

namespace directclr::paper {
namespace {

std::vector<Variant> variants(const Widths& widths) { return {mlp(), linear(), no_projector(), direct(widths.d0)}; }

void present(Section& section, const Results& results, const std::filesystem::path& figures) {
  const Variant ours = direct(results.widths.d0);
  section.findings = {comparison(results, no_projector(), ours, dead_directions, "dead directions of r"),
                      comparison(results, linear(), ours, dead_directions, "dead directions of r"),
                      comparison(results, mlp(), ours, dead_directions, "dead directions of r")};
  section.draw(results,
               spectra_figure(results, variants(results.widths), "representation", "Spectrum of the representation"),
               figures, kSpectraCaption);
}

}  // namespace

Suite figure9() {
  return {"fig9",
          "Figure 9. The four runs of table1: their spectra of r in one figure",
          "Figure 9: spectrum of the representation by projector",
          "On ImageNet DirectCLR keeps the representation from collapsing as trainable projectors do; without "
          "projector it collapses.",
          variants,
          present};
}

}  // namespace directclr::paper
