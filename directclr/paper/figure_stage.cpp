// Beyond the paper: how soon channels beyond a sub-vector learn, by the number of residual blocks in the last stage.
#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/theory/residual_stage.h"

namespace directclr::paper {
namespace {

constexpr int64_t kPoints = 50;  // of each curve

// How much the unseen channels of r have changed since the start, |M(t) - M(0)| / |M(0)| with r[d0:] = M x, at kPoints
// moments.
std::vector<double> change_of_unseen(const theory::LaboratorySettings& settings, int64_t run, int64_t blocks,
                                     theory::Index d0, const Context& context) {
  const theory::GaussianData data = settings.data(run);
  const theory::Index channels = settings.width;
  const theory::Matrix encoder = settings.network(run).weights[0];
  theory::Network stage = theory::residual_stage(
      encoder, std::vector<theory::Matrix>(static_cast<size_t>(blocks), theory::Matrix::Zero(channels, channels)),
      theory::sub_vector(d0, channels));
  const auto unseen = [&] {
    theory::Matrix map = stage.weights[0];
    for (size_t l = 1; l + 1 < stage.weights.size(); ++l) map = stage.weights[l] * map;
    return theory::Matrix(map.bottomRows(channels - d0));
  };
  const theory::Matrix start = unseen();
  theory::NetworkGradient gradient(settings.loss());
  theory::Views views;
  std::vector<theory::Matrix> rates;
  std::vector<double> change;
  for (int64_t i = 0; i < settings.iterations; ++i) {
    if (context.stop_requested()) throw Interrupted("stopped");
    data.sample(settings.batch_size, static_cast<uint32_t>(i), views);
    theory::stage_gradient(gradient, stage, views, rates);
    for (size_t l = 0; l < rates.size(); ++l) stage.weights[l] -= settings.learning_rate * rates[l];
    if ((i + 1) % std::max<int64_t>(settings.iterations / kPoints, 1) == 0) {
      change.push_back((unseen() - start).norm() / start.norm());
    }
  }
  return change;
}

}  // namespace

theory::LaboratorySettings figure_stage_defaults() {
  theory::LaboratorySettings settings;
  settings.layers = 1;
  settings.iterations = 1000;
  settings.learning_rate = 0.01;
  settings.initial.scale = 0.5;
  return settings;
}

FigureResult figure_stage(const theory::LaboratorySettings& settings, const std::vector<int64_t>& blocks,
                          const std::filesystem::path& directory, const Context& context) {
  if (blocks.empty()) throw InputError("--blocks", "no number of blocks given");
  if (settings.layers != 1) throw InputError("--layers", "must be 1: the blocks are given by --blocks");
  if (settings.width < 4) throw InputError("--width", "must be at least 4", "the sub-vector is a quarter of it");
  const theory::Index d0 = settings.width / 4;
  const auto seeds = static_cast<size_t>(settings.seeds);
  std::vector<std::vector<std::vector<double>>> changes(blocks.size(), std::vector<std::vector<double>>(seeds));
  run_in_parallel("stage", "runs", changes.size() * seeds, settings.threads, context, [&](size_t job) {
    const size_t curve = job / seeds;
    changes[curve][job % seeds] =
        change_of_unseen(settings, static_cast<int64_t>(job % seeds), blocks[curve], d0, context);
  });

  FigureResult result{
      "stage", "Beyond the paper: what a sub-vector loss teaches the other channels",
      settings.protocol() + ", k " + format_number(settings.k) + format(", d0 %td", d0),
      "Each curve says how far the channels of r beyond d0 have moved since the start, relative to where they began "
      "(mean and range over seeds), when the loss sees r[0:d0] of a linear network whose last stage has so many "
      "residual blocks, all zero at the start."};
  const auto mean_at = [&](size_t curve, size_t point) {
    double sum = 0;
    for (const auto& run : changes[curve]) sum += run.at(point);
    return sum / static_cast<double>(seeds);
  };
  const size_t points = changes[0][0].size(), early = points / 5;
  if (points < 2) throw InputError("--iterations", "must be at least 2");
  std::string evidence = "change after a fifth of the time: ";
  std::vector<double> at_early;
  for (size_t curve = 0; curve < blocks.size(); ++curve) {
    at_early.push_back(mean_at(curve, early));
    evidence += (curve ? ", " : "") + format("L = %lld: %.3f", static_cast<long long>(blocks[curve]), at_early.back());
  }
  if (std::is_sorted(blocks.begin(), blocks.end()) && blocks.size() > 1) {
    result.claims.push_back({"with more blocks the unseen channels learn sooner",
                             std::is_sorted(at_early.begin(), at_early.end()) && at_early.back() > at_early.front(),
                             evidence});
  }
  // Change that begins with t^1 is there from the first step; with t^2 something else must be learned before.
  const double order = std::log2(mean_at(0, 1) / mean_at(0, 0));
  result.claims.push_back(
      {"their change begins at second order", order > 1.6,
       format("order of the first two points: L = %lld %.2f", static_cast<long long>(blocks[0]), order)});

  report::Figure figure{"Channels that the loss does not see", "iteration", "change of r[d0:] since the start"};
  std::vector<double> x;
  const double every = static_cast<double>(std::max<int64_t>(settings.iterations / kPoints, 1));
  for (size_t k = 0; k < points; ++k) x.push_back(static_cast<double>(k + 1) * every);
  for (size_t curve = 0; curve < blocks.size(); ++curve) {
    figure.series.push_back(band("L = " + std::to_string(blocks[curve]), x, changes[curve]));
  }
  result.draw(figure, directory, "stage", "Relative change of the channels beyond d0.");
  return result;
}

}  // namespace directclr::paper
