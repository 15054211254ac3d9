// Figure 5: the alignment matrix |V2^T U1| of two layers.
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::paper {
namespace {

constexpr int64_t kMoments = 40;

theory::Matrix alignment_of(const theory::Network& network) {
  return theory::alignment(theory::svd(network.weights[0]), theory::svd(network.weights[1])).cwiseAbs();
}

report::HeatMap heat_map(const theory::Matrix& a, int64_t iteration) {
  report::HeatMap map{format("|V2^T U1| after %lld iterations", static_cast<long long>(iteration)),
                      "left vectors of W1", "right vectors of W2", "|entry|"};
  map.low = 0;
  map.high = 1;
  for (theory::Index k = 0; k < a.rows(); ++k) {
    map.columns.push_back(std::to_string(k));
    map.rows.push_back(std::to_string(k));
  }
  map.values.assign(a.data(), a.data() + a.size());
  return map;
}

}  // namespace

theory::LaboratorySettings figure56_defaults() {
  theory::LaboratorySettings settings;
  settings.initial.kind = "spectrum";
  return settings;
}

FigureResult figure5(const theory::LaboratorySettings& settings, const std::filesystem::path& directory,
                     const Context& context) {
  if (settings.layers != 2) throw InputError("--layers", "Figure 5 is about two layers");
  const auto seeds = static_cast<size_t>(settings.seeds);
  const int64_t every = std::max<int64_t>(1, settings.iterations / kMoments);
  std::vector<double> iterations;
  std::vector<std::vector<double>> off(seeds), leading(seeds);
  std::vector<theory::Matrix> first_seed;  // at every moment
  std::vector<double> outgrown(seeds);     // pairs at the end with |A_kk| above 0.9
  run_in_parallel("fig5", "runs", seeds, settings.threads, context, [&](size_t seed) {
    const auto i = static_cast<int64_t>(seed);
    theory::Network network = settings.network(i);
    theory::descend(
        network, settings.data(i), settings.loss(), settings.descent(), every,
        [&](int64_t iteration, const theory::Network& at) {
          const theory::Matrix a = alignment_of(at);
          off[seed].push_back(theory::mean_off_diagonal(a));
          leading[seed].push_back(a.diagonal().head((a.rows() + 3) / 4).mean());
          outgrown[seed] = static_cast<double>((a.diagonal().array() > 0.9).count());
          if (seed == 0) {
            first_seed.push_back(a);
            iterations.push_back(static_cast<double>(iteration));
          }
        },
        context);
  });

  double before = 0, after = 0, led = 0, aligned = 0;
  for (size_t seed = 0; seed < seeds; ++seed) {
    const auto share = 1 / static_cast<double>(seeds);
    before += share * off[seed].front();
    after += share * off[seed].back();
    led += share * leading[seed].back();
    aligned += share * outgrown[seed];
  }
  FigureResult result{
      "fig5", "Figure 5: adjacent layers align", settings.protocol() + ", k " + format_number(settings.k),
      "Entry (k, k') says how well the k-th right vector of W2 and the k'-th left vector of W1 agree; an identity "
      "matrix means that the layers are aligned. Vectors are ordered by singular value."};
  result.claims.push_back({"the leading quarter of the singular vectors aligns (mean |A_kk| above 0.9)", led > 0.9,
                           format("%.3f at the end, mean over seeds", led)});
  result.claims.push_back(
      {"the whole matrix converges to the identity (mean off-diagonal |A| below 0.02)", after < 0.02,
       format("mean off-diagonal |A| %.3f at the start, %.3f at the end; %.1f of %lld pairs above 0.9", before, after,
              aligned, static_cast<long long>(settings.width))});
  const size_t last = first_seed.size() - 1;
  for (const size_t moment : {size_t{0}, last / 10, last / 2, last}) {
    const auto iteration = static_cast<int64_t>(iterations[moment]);
    result.draw(heat_map(first_seed[moment], iteration), directory, "fig5-" + std::to_string(iteration),
                format("Mean off-diagonal entry %.3f (first seed).", theory::mean_off_diagonal(first_seed[moment])));
  }
  report::Figure figure{"Alignment over training", "iteration", "mean |entry| of V2^T U1"};
  figure.series = {band("off the diagonal", iterations, off),
                   band("on the diagonal, leading quarter", iterations, leading)};
  result.draw(figure, directory, "fig5", "Mean and range over seeds.");
  return result;
}

}  // namespace directclr::paper
