// Figure 11: more layers, more collapse; with and without ReLU.
#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/spectrum/metrics.h"
#include "directclr/theory/embedding_spectrum.h"

namespace directclr::paper {

theory::LaboratorySettings figure11_defaults() { return {}; }

FigureResult figure11(const theory::LaboratorySettings& settings, const std::vector<int64_t>& depths,
                      const std::filesystem::path& directory, const Context& context) {
  if (depths.empty()) throw InputError("--depths", "no depth given");
  const auto seeds = static_cast<size_t>(settings.seeds);
  // spectra[relu][depth][seed]
  std::vector<std::vector<std::vector<double>>> spectra[2];
  for (auto& s : spectra) s.assign(depths.size(), std::vector<std::vector<double>>(seeds));
  const size_t jobs = 2 * depths.size() * seeds;
  run_in_parallel("fig11", "runs", jobs, settings.threads, context, [&](size_t job) {
    // The longest runs first: they decide when the last core is done.
    const size_t reversed = jobs - 1 - job;
    const size_t relu = reversed / (depths.size() * seeds);
    const size_t depth = reversed / seeds % depths.size();
    const auto seed = static_cast<int64_t>(reversed % seeds);
    theory::LaboratorySettings run = settings;
    run.layers = depths[depth];
    run.relu = relu == 1;
    const theory::GaussianData data = run.data(seed);
    theory::Network network = run.network(seed);
    theory::descend(
        network, data, run.loss(), run.descent(), run.iterations, [](int64_t, const theory::Network&) {}, context);
    const theory::Vector values = theory::embedding_spectrum(network, data);
    spectra[relu][depth][reversed % seeds].assign(values.begin(), values.end());
  });

  FigureResult result{
      "fig11", "Figure 11: more layers, more collapse", settings.protocol() + ", k " + format_number(settings.k),
      "Each curve is the covariance spectrum of the embeddings of a trained network of L layers (geometric "
      "mean and range over seeds). The lower its tail, the more dimensions have collapsed."};
  for (size_t relu = 0; relu < 2; ++relu) {
    std::vector<double> counts;
    std::string evidence = "values below 1/1,000 of the largest, mean over seeds: ";
    for (size_t depth = 0; depth < depths.size(); ++depth) {
      double total = 0;
      for (const auto& values : spectra[relu][depth]) {
        total += static_cast<double>(spectrum::count_below(values, 1e-3));
      }
      counts.push_back(total / static_cast<double>(seeds));
      evidence += (depth ? ", " : "") + format("L = %lld: %.1f", static_cast<long long>(depths[depth]), counts.back());
    }
    result.claims.push_back({relu ? "adding ReLU leads to a similar collapse with depth"
                                  : "adding layers leads to more collapsed dimensions",
                             std::is_sorted(counts.begin(), counts.end()) && counts.back() > counts.front(), evidence});
    const auto one = std::find(depths.begin(), depths.end(), 1);
    if (!relu && one != depths.end()) {
      const double at_one = counts[static_cast<size_t>(one - depths.begin())];
      result.claims.push_back({"a single layer does not collapse", at_one < 0.5, format("L = 1: %.1f values", at_one)});
    }
  }
  for (size_t relu = 0; relu < 2; ++relu) {
    report::Figure figure{relu ? "With ReLU between the layers" : "Linear layers", "singular value rank index",
                          "singular value of the covariance", true};
    std::vector<double> x;
    for (size_t k = 0; k < static_cast<size_t>(settings.width); ++k) x.push_back(static_cast<double>(k));
    for (size_t depth = 0; depth < depths.size(); ++depth) {
      auto logs = spectra[relu][depth];
      for (auto& run : logs) {
        for (auto& value : run) value = std::log10(std::max(value, 1e-30));
      }
      report::Series curve = band("L = " + std::to_string(depths[depth]), x, logs);
      for (auto* list : {&curve.y, &curve.low, &curve.high}) {
        for (double& value : *list) value = std::pow(10, value);
      }
      figure.series.push_back(std::move(curve));
    }
    result.draw(figure, directory, relu ? "fig11b" : "fig11a", relu ? "Nonlinear networks." : "Linear networks.");
  }
  return result;
}

}  // namespace directclr::paper
