#include "directclr/core/text.h"
#include "directclr/paper/variants.h"
#include "directclr/report/statistics.h"

// Figure 2: with an MLP the embedding itself collapses in part.

namespace directclr::paper {
namespace {

double dimensions(const report::SpectrumResult& s) { return static_cast<double>(s.dimensions()); }

std::vector<Variant> variants(const Widths&) { return {mlp()}; }

void present(Section& section, const Results& results, const std::filesystem::path& figures) {
  const auto dead = values_of(results, mlp().name, of_spectrum("embedding", dead_count));
  const auto rank = values_of(results, mlp().name, of_spectrum("embedding", lambda_rank));
  const auto width = values_of(results, mlp().name, of_spectrum("embedding", dimensions));
  if (dead.empty()) {
    section.findings.push_back("No run to show.");
    return;
  }
  section.findings.push_back(
      format("%.1f of %.0f eigenvalues of the embedding's covariance lie below 1/10,000 of the "
             "largest, and its effective rank is %.1f (means of %zu).",
             report::sample(dead).mean, width.front(), report::sample(rank).mean, dead.size()));
  section.draw(results,
               spectra_figure(results, variants(results.widths), "embedding", "Spectrum of the embedding, 2-layer MLP"),
               figures,
               "How much varies along each direction of the embedding, the strongest first; below the dashed line a "
               "direction is dead. The band is the range over seeds.");
}

}  // namespace

Suite figure2() {
  return {"fig2",
          "Figure 2. One run, with the 2-layer MLP: the spectrum of z. Do directions of what the loss sees die?",
          "Figure 2: spectrum of the embedding",
          "On ImageNet about 30 of the embedding's 128 singular values fall to nothing (SimCLR with a 2-layer "
          "MLP): the spectrum drops off a cliff.",
          variants,
          present};
}

}  // namespace directclr::paper
