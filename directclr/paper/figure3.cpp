// Figure 3: with strong augmentation, singular values of a linear layer vanish.
#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/spectrum/metrics.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::paper {
theory::LaboratorySettings figure3_defaults() {
  theory::LaboratorySettings settings;
  settings.layers = 1;
  settings.iterations = 3000;
  return settings;
}

FigureResult figure3(const theory::LaboratorySettings& settings, const std::vector<double>& strengths,
                     const std::filesystem::path& directory, const Context& context) {
  if (strengths.empty()) throw InputError("--ks", "no strength given");
  if (settings.relu) throw InputError("--relu", "Figure 3 is about linear layers");
  const auto seeds = static_cast<size_t>(settings.seeds);
  // spectra[strength][seed]: singular values of the whole linear map, descending.
  std::vector<std::vector<std::vector<double>>> spectra(strengths.size(), std::vector<std::vector<double>>(seeds));
  run_in_parallel("fig3", "runs", strengths.size() * seeds, settings.threads, context, [&](size_t job) {
    theory::LaboratorySettings run = settings;
    run.k = strengths[job / seeds];
    const auto seed = static_cast<int64_t>(job % seeds);
    theory::Network network = run.network(seed);
    theory::descend(
        network, run.data(seed), run.loss(), run.descent(), run.iterations, [](int64_t, const theory::Network&) {},
        context);
    const theory::Vector values = theory::singular_values(network.product());
    spectra[job / seeds][job % seeds].assign(values.begin(), values.end());
  });

  FigureResult result{
      "fig3", "Figure 3: strong augmentation makes singular values vanish", settings.protocol(),
      "Each curve is the trained weight matrix at one strength k of the noise; the band is the range over "
      "seeds. Noise covers half of the dimensions: where a curve drops to zero, those are gone."};
  std::string counts;
  std::vector<double> mean_vanished;
  for (size_t s = 0; s < strengths.size(); ++s) {
    double total = 0;
    for (const auto& values : spectra[s]) total += static_cast<double>(spectrum::count_below(values, 1e-3));
    mean_vanished.push_back(total / static_cast<double>(seeds));
    counts += (s ? ", " : "") + format("k %s: %.1f", format_number(strengths[s]).c_str(), mean_vanished.back());
  }
  const auto strongest = static_cast<size_t>(std::max_element(strengths.begin(), strengths.end()) - strengths.begin());
  const auto weakest = static_cast<size_t>(std::min_element(strengths.begin(), strengths.end()) - strengths.begin());
  result.claims.push_back({"strong augmentation results in vanishing singular values",
                           mean_vanished[strongest] >= 1 && mean_vanished[weakest] == 0,
                           format("values below 1/1,000 of the largest, of %lld, mean over seeds: ",
                                  static_cast<long long>(settings.width)) +
                               counts});

  report::Figure figure{"Singular values of the weights", "singular value, largest first", "singular value"};
  report::HeatMap map{"Which singular values vanish", "singular value, largest first", "k",
                      "log10 of the value over the largest"};
  map.low = -6;
  map.high = 0;
  std::vector<double> x;
  for (size_t i = 0; i < spectra[0][0].size(); ++i) {
    x.push_back(static_cast<double>(i));
    map.columns.push_back(std::to_string(i));
  }
  for (size_t s = 0; s < strengths.size(); ++s) {
    figure.series.push_back(band("k = " + format_number(strengths[s]), x, spectra[s]));
    map.rows.push_back(format_number(strengths[s]));
    const auto& mean = figure.series.back().y;
    for (const double value : mean) map.values.push_back(std::log10(std::max(value / mean[0], 1e-300)));
  }
  result.draw(
      figure, directory, "fig3",
      "Singular values of the trained weights, mean and range over seeds, for several strengths k of the noise that "
      "is the augmentation. It covers half of the directions: strong noise lets those vanish.");
  result.draw(map, directory, "fig3-map", "The same on a logarithmic scale: dark cells have vanished.");
  return result;
}

}  // namespace directclr::paper
