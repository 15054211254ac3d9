#include "directclr/paper/phase.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/metrics.h"
#include "directclr/theory/embedding_spectrum.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::paper {
namespace {

constexpr size_t kAxes = 6;
constexpr const char* kAxisNames[kAxes] = {"k", "layers", "initial_scale", "learning_rate", "noised", "batch_size"};
constexpr const char* kColumns =
    "k,layers,initial_scale,learning_rate,noised,batch_size,effective_rank,collapsed_clean,collapsed_noised,diverged";

using Point = std::array<double, kAxes>;

struct Outcome {
  double effective_rank = 0;
  double collapsed_clean = 0;
  double collapsed_noised = 0;
  double diverged = 0;
};

std::array<std::vector<double>, kAxes> axes_of(const PhaseGrid& grid) {
  const auto numbers = [](const std::vector<int64_t>& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  return {grid.strengths,      numbers(grid.depths), grid.scales,
          grid.learning_rates, numbers(grid.noised), numbers(grid.batch_sizes)};
}

std::vector<Point> points_of(const PhaseGrid& grid) {
  std::vector<Point> points = {{}};
  const auto axes = axes_of(grid);
  for (size_t axis = 0; axis < kAxes; ++axis) {
    if (axes[axis].empty()) throw InputError(std::string("grid axis ") + kAxisNames[axis], "has no values");
    std::vector<Point> longer;
    for (const auto& point : points) {
      for (const double value : axes[axis]) {
        longer.push_back(point);
        longer.back()[axis] = value;
      }
    }
    points = std::move(longer);
  }
  return points;
}

theory::LaboratorySettings settings_at(const theory::LaboratorySettings& settings, const Point& point) {
  theory::LaboratorySettings run = settings;
  run.k = point[0];
  run.layers = static_cast<int64_t>(point[1]);
  run.initial.scale = point[2];
  run.learning_rate = point[3];
  run.noised = static_cast<int64_t>(point[4]);
  run.batch_size = static_cast<int64_t>(point[5]);
  fields_of(run).check();
  run.resolve({});
  return run;
}

// How much of what a map no longer sees lies in the clean input dimensions, the first ones, and in the noised ones.
void add_collapsed(const theory::Matrix& map, theory::Index clean, Outcome& outcome) {
  const theory::Svd svd = theory::svd(map);
  for (theory::Index k = 0; k < svd.s.size(); ++k) {
    if (svd.s(k) >= 1e-3 * svd.s(0)) continue;
    outcome.collapsed_clean += svd.v.col(k).head(clean).squaredNorm();
    outcome.collapsed_noised += svd.v.col(k).tail(map.cols() - clean).squaredNorm();
  }
}

Outcome train(const theory::LaboratorySettings& settings, const Context& context) {
  Outcome outcome;
  int64_t finished = 0;
  for (int64_t seed = 0; seed < settings.seeds; ++seed) {
    const theory::GaussianData data = settings.data(seed);
    theory::Network network = settings.network(seed);
    try {
      theory::descend(
          network, data, settings.loss(), settings.descent(), settings.iterations,
          [](int64_t, const theory::Network&) {}, context);
    } catch (const NumericalError&) {
      ++outcome.diverged;
      continue;
    }
    ++finished;
    const theory::Vector spectrum = theory::embedding_spectrum(network, data);
    outcome.effective_rank += spectrum::effective_rank({spectrum.begin(), spectrum.end()});
    add_collapsed(network.product(), settings.width - settings.noised, outcome);
  }
  const double share = finished > 0 ? 1 / static_cast<double>(finished) : NAN;
  outcome.effective_rank *= share;
  outcome.collapsed_clean *= share;
  outcome.collapsed_noised *= share;
  return outcome;
}

std::string key_of(const Point& point) {
  std::vector<std::string> parts;
  for (const double value : point) parts.push_back(format_number(value));
  return join(parts, ",");
}

// Finished rows of an earlier start, and how many bytes of the file they are. A last line without its end was cut off
// by a crash and is left out.
std::map<std::string, Outcome> read_rows(const std::filesystem::path& path, const std::string& header,
                                         uint64_t& keep_bytes) {
  std::map<std::string, Outcome> rows;
  keep_bytes = 0;
  if (!std::filesystem::exists(path)) return rows;
  const std::string text = read_file(path);
  if (!text.starts_with(header)) {
    throw InputError(path.string(), "was made with other settings", "choose another --out, or remove it");
  }
  size_t at = header.size();
  for (size_t end = text.find('\n', at); end != std::string::npos; at = end + 1, end = text.find('\n', at)) {
    const auto cells = split(text.substr(at, end - at), ',');
    Outcome outcome;
    if (cells.size() != kAxes + 4 || !parse_double(cells[kAxes], outcome.effective_rank) ||
        !parse_double(cells[kAxes + 1], outcome.collapsed_clean) ||
        !parse_double(cells[kAxes + 2], outcome.collapsed_noised) ||
        !parse_double(cells[kAxes + 3], outcome.diverged)) {
      throw InputError(path.string(), "damaged row '" + text.substr(at, end - at) + "'",
                       "remove the file to start anew");
    }
    rows[join({cells.begin(), cells.begin() + kAxes}, ",")] = outcome;
  }
  keep_bytes = at;
  return rows;
}

using Outcomes = std::map<std::string, Outcome>;

// The mean of a column over points, all of whose seeds must have finished; of others not a number.
double mean_of_complete(const std::vector<Point>& points, const Outcomes& rows, double Outcome::*column) {
  double total = 0;
  for (const auto& point : points) {
    const Outcome& outcome = rows.at(key_of(point));
    if (outcome.diverged > 0) return NAN;
    total += outcome.*column;
  }
  return total / static_cast<double>(points.size());
}

std::vector<Point> points_where(const std::vector<Point>& points, const std::function<bool(const Point&)>& holds) {
  std::vector<Point> found;
  std::copy_if(points.begin(), points.end(), std::back_inserter(found), holds);
  return found;
}

// A heat map of one column over two axes, averaged over the others; a cell in which a seed diverged has no value.
report::HeatMap map_over(const std::vector<Point>& points, const Outcomes& rows, size_t x, size_t y,
                         const std::array<std::vector<double>, kAxes>& axes, double Outcome::*column,
                         const std::string& title) {
  report::HeatMap map{title, kAxisNames[x], kAxisNames[y], title};
  map.crossed = "a run diverged";
  for (const double value : axes[x]) map.columns.push_back(format_number(value));
  for (const double value : axes[y]) map.rows.push_back(format_number(value));
  for (const double row : axes[y]) {
    for (const double cell : axes[x]) {
      const auto here = points_where(points, [&](const Point& p) { return p[x] == cell && p[y] == row; });
      map.values.push_back(mean_of_complete(here, rows, column));
    }
  }
  return map;
}

// "k 4, layers 4, scale 0.5 (3 of 3 seeds)" for each point that diverged.
std::string diverged_text(const std::vector<Point>& points, const Outcomes& rows, int64_t seeds) {
  std::vector<std::string> texts;
  for (const auto& point : points) {
    const double count = rows.at(key_of(point)).diverged;
    if (count == 0) continue;
    texts.push_back(format("k %s, %s layers, scale %s, learning rate %s (%.0f of %lld seeds)",
                           format_number(point[0]).c_str(), format_number(point[1]).c_str(),
                           format_number(point[2]).c_str(), format_number(point[3]).c_str(), count,
                           static_cast<long long>(seeds)));
  }
  if (texts.empty()) return "";
  return format("At %zu of %zu points the loss of some seeds ceased to be finite: ", texts.size(), points.size()) +
         join(texts, "; ") + ". They are crosses in the pictures and part of no mean.";
}

// "0.5 and 1", "0, 1 and 2".
std::string values_text(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(format_number(value));
  if (texts.size() == 1) return texts[0];
  return join({texts.begin(), texts.end() - 1}) + " and " + texts.back();
}

}  // namespace

size_t PhaseGrid::size() const { return points_of(*this).size(); }

theory::LaboratorySettings phase_defaults() {
  theory::LaboratorySettings settings;
  settings.iterations = 3000;
  settings.seeds = 3;
  return settings;
}

FigureResult phase_diagram(const theory::LaboratorySettings& settings, const PhaseGrid& grid,
                           const std::filesystem::path& directory, const Context& context) {
  if (settings.relu) throw InputError("--relu", "the phase diagram is about linear layers");
  const std::vector<Point> points = points_of(grid);
  for (const auto& point : points) settings_at(settings, point);  // refuses before anything is run
  make_directories(directory);
  const auto path = directory / "phase.csv";
  const auto axes = axes_of(grid);
  const theory::LaboratorySettings fixed = settings_at(settings, points[0]);
  const std::string row = "as in each row";
  const std::string header = "# phase diagram, version 2: " +
                             fixed.protocol({{"batch_size", row}, {"learning_rate", row}, {"initial_scale", row}}) +
                             "\n" + kColumns + "\n";
  uint64_t keep_bytes = 0;
  std::map<std::string, Outcome> rows = read_rows(path, header, keep_bytes);
  AppendFile file(path, keep_bytes);
  if (keep_bytes == 0) file.append(header);
  std::vector<Point> missing;
  for (const auto& point : points) {
    if (!rows.contains(key_of(point))) missing.push_back(point);
  }
  std::mutex mutex;
  run_in_parallel("phase", "points", missing.size(), settings.threads, context, [&](size_t i) {
    const Outcome outcome = train(settings_at(settings, missing[i]), context);
    const std::lock_guard lock(mutex);
    file.append(key_of(missing[i]) + "," + format_number(outcome.effective_rank) + "," +
                format_number(outcome.collapsed_clean) + "," + format_number(outcome.collapsed_noised) + "," +
                format_number(outcome.diverged) + "\n");
    rows[key_of(missing[i])] = outcome;
  });

  FigureResult result{
      "phase", "Phase diagram (beyond the paper): augmentation or depth?",
      fixed.protocol({{"batch_size", values_text(axes[5])},
                      {"learning_rate", values_text(axes[3])},
                      {"initial_scale", values_text(axes[2])}}) +
          "; k " + values_text(axes[0]) + ", layers " + values_text(axes[1]) + ", noised dimensions " +
          values_text(axes[4]),
      "Effective rank of the embeddings over the grid, and how many dimensions are gone (singular values of the "
      "trained map below 1/1,000 of its largest, as in Figure 3): how much of what is gone lies in the dimensions that "
      "the augmentation noises, and how much in those it leaves alone. Noise kills noised dimensions only; what dies "
      "among the clean ones dies of depth."};
  if (const std::string text = diverged_text(points, rows, settings.seeds); !text.empty()) {
    result.remarks.push_back(text);
  }
  // Split by the two causes: one layer under strong noise, and several layers without noise.
  const double strongest = *std::max_element(axes[0].begin(), axes[0].end());
  const double weakest = *std::min_element(axes[0].begin(), axes[0].end());
  const double deepest = *std::max_element(axes[1].begin(), axes[1].end());
  const double shallowest = *std::min_element(axes[1].begin(), axes[1].end());
  const auto mean_at = [&](double k, double layers, double Outcome::*column) {
    return mean_of_complete(points_where(points, [&](const Point& p) { return p[0] == k && p[1] == layers; }), rows,
                            column);
  };
  // A claim on numbers of which one is missing is not shown, and says why.
  const auto claim = [&](const std::string& text, bool shown, const std::string& evidence, double sum) {
    result.claims.push_back({text, shown && std::isfinite(sum),
                             std::isfinite(sum) ? evidence : "some of the runs that it compares diverged"});
  };
  if (strongest > weakest) {
    const double noised = mean_at(strongest, shallowest, &Outcome::collapsed_noised);
    const double clean = mean_at(strongest, shallowest, &Outcome::collapsed_clean);
    const double calm = mean_at(weakest, shallowest, &Outcome::collapsed_noised);
    claim("augmentation collapses the dimensions it noises, and only those", noised > calm && clean < 0.5,
          format("%s layer(s): noised dimensions gone %.1f at k %s, %.1f at k %s; clean ones gone %.1f",
                 format_number(shallowest).c_str(), noised, format_number(strongest).c_str(), calm,
                 format_number(weakest).c_str(), clean),
          noised + clean + calm);
  }
  if (deepest > shallowest) {
    const auto gone = [&](double layers) {
      return mean_at(weakest, layers, &Outcome::collapsed_clean) + mean_at(weakest, layers, &Outcome::collapsed_noised);
    };
    const double deep = gone(deepest), shallow = gone(shallowest);
    claim("depth collapses dimensions without any strong augmentation", deep > shallow,
          format("k %s: dimensions gone %.1f with %s layers, %.1f with %s", format_number(weakest).c_str(), deep,
                 format_number(deepest).c_str(), shallow, format_number(shallowest).c_str()),
          deep + shallow);
  }
  for (size_t x = 0; x < kAxes; ++x) {
    for (size_t y = x + 1; y < kAxes; ++y) {
      if (axes[x].size() < 2 || axes[y].size() < 2) continue;
      const std::string pair = std::string(kAxisNames[x]) + "-" + kAxisNames[y];
      result.draw(map_over(points, rows, x, y, axes, &Outcome::effective_rank, "effective rank"), directory,
                  "phase-rank-" + pair,
                  "Effective rank of the embedding covariance, mean over the other axes and seeds; a cross where any "
                  "of these runs "
                  "diverged.");
      result.draw(map_over(points, rows, x, y, axes, &Outcome::collapsed_noised, "noised dimensions gone"), directory,
                  "phase-noised-" + pair, "How much of what is gone lies in the noised input dimensions.");
      result.draw(map_over(points, rows, x, y, axes, &Outcome::collapsed_clean, "clean dimensions gone"), directory,
                  "phase-clean-" + pair, "How much of what is gone lies in the clean input dimensions.");
    }
  }
  return result;
}

}  // namespace directclr::paper
