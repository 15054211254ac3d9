#include "directclr/paper/comparison.h"

// Figure 9: DirectCLR prevents the collapse of the representation.

namespace directclr::paper {
namespace {

std::vector<Variant> variants(const Widths& widths) { return {mlp(), linear(), no_projector(), direct(widths.d0)}; }

SuiteResult present(const SuiteResults& results, const std::filesystem::path& figures) {
  const Variant ours = direct(results.widths.d0);
  SuiteResult result{
      figure9().name, figure9().title,
      "On ImageNet DirectCLR keeps the representation from collapsing as trainable projectors do; without "
      "projector it collapses."};
  result.findings = {comparison(results, no_projector(), ours, dead_directions, "dead directions of r"),
                     comparison(results, linear(), ours, dead_directions, "dead directions of r"),
                     comparison(results, mlp(), ours, dead_directions, "dead directions of r")};
  result.draw(results, spectra_figure(results, variants(results.widths), "representation", "Representation"), figures,
              "Spectrum of the representation's covariance by projector, logarithmic; bands: range over seeds.");
  return result;
}

}  // namespace

const Suite& figure9() {
  static const Suite suite{"fig9", "Figure 9: spectrum of the representation by projector", variants, present};
  return suite;
}

}  // namespace directclr::paper
