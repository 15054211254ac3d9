#include "directclr/core/text.h"
#include "directclr/paper/comparison.h"
#include "directclr/report/statistics.h"

// Figure 2: with an MLP the embedding itself collapses in part.

namespace directclr::paper {
namespace {

std::vector<Variant> variants(const Widths&) { return {mlp()}; }

SuiteResult present(const SuiteResults& results, const std::filesystem::path& figures) {
  SuiteResult result{
      figure2().name, figure2().title,
      "On ImageNet about 30 of the embedding's 128 singular values fall to nothing (SimCLR with a 2-layer "
      "MLP): the spectrum drops off a cliff."};
  std::vector<double> dead, rank;
  size_t width = 0;
  for (const auto* run : results.of(mlp().name)) {
    const auto found = run->spectra.find("embedding");
    if (!run->good() || found == run->spectra.end()) continue;
    dead.push_back(static_cast<double>(found->second.below_1e_4));
    rank.push_back(found->second.effective_rank_lambda);
    width = found->second.values.size();
  }
  if (dead.empty()) {
    result.findings.push_back("No run to show.");
    return result;
  }
  result.findings.push_back(
      format("%.1f of %zu eigenvalues of the embedding's covariance lie below 1e-4 of the "
             "largest, and its effective rank is %.1f (means of %zu).",
             report::sample(dead).mean, width, report::sample(rank).mean, dead.size()));
  FigureResult drawn;
  drawn.draw(spectra_figure(results, variants(results.widths), "embedding", "Embedding, 2-layer MLP"), figures, "fig2",
             "Spectrum of the embedding's covariance, logarithmic; the band is the range over seeds.");
  result.drawings = drawn.drawings;
  return result;
}

}  // namespace

const Suite& figure2() {
  static const Suite suite{"fig2", "Figure 2: spectrum of the embedding", variants, present};
  return suite;
}

}  // namespace directclr::paper
