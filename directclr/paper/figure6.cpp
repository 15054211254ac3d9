// Figure 6: singular values of both layers and of the embedding covariance over training.
#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/integrate.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::paper {
namespace {

using theory::Index;
using theory::Matrix;
using theory::Vector;

constexpr int64_t kMoments = 200;
constexpr uint32_t kProbes = 8;  // batches over which the contrast matrix of the prediction is averaged

struct Trajectory {
  std::vector<double> iterations;
  std::vector<Vector> first, second, embedding;  // at every moment
  std::vector<Vector> growth;                    // v1_k^T X v1_k / N at every moment
};

Trajectory follow(const theory::LaboratorySettings& settings, int64_t seed, bool with_growth, const Context& context) {
  const theory::GaussianData data = settings.data(seed);
  theory::Network network = settings.network(seed);
  Trajectory path;
  // Of the size that trains: alpha, and with it X, depends on how many samples compete.
  std::vector<theory::Views> probes(with_growth ? kProbes : 0);
  for (uint32_t i = 0; i < probes.size(); ++i) data.sample(settings.batch_size, 0xFFFFFFFF - i, probes[i]);
  const int64_t every = std::max<int64_t>(1, settings.iterations / kMoments);
  theory::descend(
      network, data, settings.loss(), settings.descent(), every,
      [&](int64_t iteration, const theory::Network& at) {
        const theory::Svd first = theory::svd(at.weights[0]);
        path.iterations.push_back(static_cast<double>(iteration));
        path.first.push_back(first.s);
        path.second.push_back(theory::singular_values(at.weights[1]));
        path.embedding.push_back(theory::singular_values(at.product() * data.covariance_factor()).cwiseAbs2());
        if (!with_growth) return;
        Matrix x = Matrix::Zero(at.product().rows(), at.product().cols());
        for (const auto& probe : probes)
          x += theory::contrast_matrix(at.product(), probe) / static_cast<double>(probe.x.cols());
        x /= kProbes;
        path.growth.push_back((first.v.transpose() * x * first.v).diagonal());
      },
      context);
  return path;
}

// Eqns 10 and 11 from the measured values at moment `start`, with the growth v1_k^T X v1_k as measured along the way.
struct Prediction {
  std::vector<Vector> first, second;  // from `start` on
};

Prediction predict(const Trajectory& path, size_t start, double learning_rate) {
  const Index n = path.first[0].size();
  Vector state(2 * n);
  state << path.first[start], path.second[start];
  Prediction prediction{{path.first[start]}, {path.second[start]}};
  for (size_t moment = start; moment + 1 < path.iterations.size(); ++moment) {
    const double time = learning_rate * (path.iterations[moment + 1] - path.iterations[moment]);
    const Vector growth = (path.growth[moment] + path.growth[moment + 1]) / 2;
    state = theory::integrate(
        [&](const Vector& s, Vector& rate) {
          rate.resize(2 * n);
          rate.head(n) = s.head(n).cwiseProduct(s.tail(n).cwiseAbs2()).cwiseProduct(growth);
          rate.tail(n) = s.tail(n).cwiseProduct(s.head(n).cwiseAbs2()).cwiseProduct(growth);
        },
        state, time, {1e-8, 1e-12});
    prediction.first.push_back(state.head(n));
    prediction.second.push_back(state.tail(n));
  }
  return prediction;
}

report::Figure curves(const std::string& title, const std::string& y_label, const std::vector<double>& x,
                      const std::vector<Vector>& measured, const std::vector<Vector>& predicted) {
  report::Figure figure{title, "iteration", y_label, true};
  figure.family = true;
  for (const auto* source : {&measured, &predicted}) {
    if (source->empty()) continue;
    for (Index k = 0; k < (*source)[0].size(); ++k) {
      report::Series series{format("%s %lld", source == &measured ? "value" : "predicted", static_cast<long long>(k)),
                            {x.end() - static_cast<std::ptrdiff_t>(source->size()), x.end()},
                            {}};
      for (const auto& values : *source) series.y.push_back(values(k));
      series.dashed = source == &predicted;
      figure.series.push_back(std::move(series));
    }
  }
  return figure;
}

double below(const Vector& values, double share) {
  return static_cast<double>((values.array() < share * values(0)).count());
}

}  // namespace

FigureResult figure6(const theory::LaboratorySettings& settings, const std::filesystem::path& directory,
                     const Context& context) {
  if (settings.layers != 2) throw InputError("--layers", "Figure 6 is about two layers");
  if (settings.relu) throw InputError("--relu", "Figure 6 is about linear layers");
  const auto seeds = static_cast<size_t>(settings.seeds);
  // The prediction needs Eqn 2, whose X it uses.
  const bool predicting = settings.preset == "paper" && settings.similarity == "distance" &&
                          settings.negatives == "same" && settings.temperature == 1;
  std::vector<Trajectory> paths(seeds);
  run_in_parallel("fig6", "runs", seeds, settings.threads, context, [&](size_t seed) {
    paths[seed] = follow(settings, static_cast<int64_t>(seed), predicting, context);
  });

  FigureResult result{
      "fig6", "Figure 6: small singular values stay behind", settings.protocol() + ", k " + format_number(settings.k),
      "Colour runs from the largest singular value (blue) to the smallest (orange). Dashed: what Theorem 3 makes of "
      "the values at a quarter of the training, with v1_k^T X v1_k measured along the way."};
  double small1 = 0, small2 = 0, small_z = 0, small_z_start = 0, leading_error = 0, median_error = 0;
  Prediction first_prediction;
  for (size_t seed = 0; seed < seeds; ++seed) {
    const Trajectory& path = paths[seed];
    const double share = 1 / static_cast<double>(seeds);
    small1 += share * below(path.first.back(), 0.1);
    small2 += share * below(path.second.back(), 0.1);
    small_z += share * below(path.embedding.back(), 1e-3);
    small_z_start += share * below(path.embedding.front(), 1e-3);
    if (!predicting) continue;
    const size_t start = path.iterations.size() / 4;
    const Prediction prediction = predict(path, start, settings.learning_rate);
    Vector error = (prediction.first.back().array() / path.first.back().array()).log().abs();
    leading_error = std::max(leading_error, error.head((error.size() + 3) / 4).maxCoeff());
    std::sort(error.begin(), error.end());
    median_error = std::max(median_error, error(error.size() / 2));
    if (seed == 0) first_prediction = prediction;
  }
  const auto of = static_cast<long long>(settings.width);
  result.claims.push_back(
      {"the lowest few singular values of each weight matrix remain significantly smaller", small1 >= 1 && small2 >= 1,
       format("below a tenth of the largest at the end: %.1f of %lld in W1, %.1f in W2, mean over seeds", small1, of,
              small2)});
  result.claims.push_back({"the embedding covariance is low-rank", small_z >= 1,
                           format("values below 1/1,000 of the largest: %.1f of %lld at the end, %.1f at the start",
                                  small_z, of, small_z_start)});
  if (predicting) {
    result.claims.push_back(
        {"Theorem 3 predicts the growth of the leading quarter within 10 % from a quarter of the training on",
         leading_error < 0.1,
         format("largest |log(predicted / measured)| of W1 at the end: %.3f in the leading quarter, %.3f for the "
                "median value",
                leading_error, median_error)});
  }
  const Trajectory& path = paths[0];
  result.draw(curves("W1", "singular value", path.iterations, path.first, first_prediction.first), directory, "fig6a",
              "First layer (first seed).");
  result.draw(curves("W2", "singular value", path.iterations, path.second, first_prediction.second), directory, "fig6b",
              "Second layer (first seed).");
  result.draw(curves("Embedding space", "singular value of the covariance", path.iterations, path.embedding, {}),
              directory, "fig6c", "Covariance of z = W2 W1 x over the whole data set (first seed).");
  return result;
}

}  // namespace directclr::paper
