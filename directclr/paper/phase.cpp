#include "directclr/paper/phase.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

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

double count_collapsed(const theory::Matrix& columns, double largest) {
  if (columns.cols() == 0) return 0;
  return static_cast<double>((theory::singular_values(columns).array() < 1e-3 * largest).count());
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
    const theory::Matrix map = network.product();
    const double largest = theory::singular_values(map)(0);
    outcome.effective_rank += spectrum::effective_rank({spectrum.begin(), spectrum.end()});
    outcome.collapsed_clean += count_collapsed(map.leftCols(settings.width - settings.noised), largest);
    outcome.collapsed_noised += count_collapsed(map.rightCols(settings.noised), largest);
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

// A heat map of one column over two axes, averaged over the others.
report::HeatMap map_over(const std::vector<Point>& points, const std::map<std::string, Outcome>& rows, size_t x,
                         size_t y, const std::array<std::vector<double>, kAxes>& axes, double Outcome::*column,
                         const std::string& title) {
  report::HeatMap map{title, kAxisNames[x], kAxisNames[y], title};
  for (const double value : axes[x]) map.columns.push_back(format_number(value));
  for (const double value : axes[y]) map.rows.push_back(format_number(value));
  for (const double row : axes[y]) {
    for (const double cell : axes[x]) {
      double total = 0, count = 0;
      for (const auto& point : points) {
        const double value = rows.at(key_of(point)).*column;
        if (point[x] == cell && point[y] == row && std::isfinite(value)) {
          total += value;
          ++count;
        }
      }
      map.values.push_back(count > 0 ? total / count : NAN);
    }
  }
  return map;
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
  theory::LaboratorySettings fixed = settings_at(settings, points[0]);
  const std::string header = "# phase diagram, version 1: " + fixed.protocol() + "\n" + kColumns + "\n";
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
      "phase", "Phase diagram (beyond the paper): augmentation or depth?", settings.protocol(),
      "Effective rank of the embeddings over the grid, and how many dimensions are gone among those that the "
      "augmentation noises and among those it leaves alone. Noise kills noised dimensions only; what dies among "
      "the clean ones dies of depth."};
  // Split by the two causes: one layer under strong noise, and several layers without noise.
  const auto mean_where = [&](double Outcome::*column, const std::function<bool(const Point&)>& holds) {
    double total = 0, count = 0;
    for (const auto& point : points) {
      const double value = rows.at(key_of(point)).*column;
      if (holds(point) && std::isfinite(value)) {
        total += value;
        ++count;
      }
    }
    return count > 0 ? std::optional(total / count) : std::nullopt;
  };
  const auto axes = axes_of(grid);
  const double strongest = *std::max_element(axes[0].begin(), axes[0].end());
  const double weakest = *std::min_element(axes[0].begin(), axes[0].end());
  const double deepest = *std::max_element(axes[1].begin(), axes[1].end());
  const double shallowest = *std::min_element(axes[1].begin(), axes[1].end());
  if (strongest > weakest) {
    const auto shallow = [&](double k) { return [&, k](const Point& p) { return p[0] == k && p[1] == shallowest; }; };
    const double noised = *mean_where(&Outcome::collapsed_noised, shallow(strongest));
    const double clean = *mean_where(&Outcome::collapsed_clean, shallow(strongest));
    const double calm = *mean_where(&Outcome::collapsed_noised, shallow(weakest));
    result.claims.push_back(
        {"augmentation collapses the dimensions it noises, and only those", noised > calm && clean < 0.5,
         format("%s layer(s): noised dimensions gone %.1f at k %s, %.1f at k %s; clean ones gone %.1f",
                format_number(shallowest).c_str(), noised, format_number(strongest).c_str(), calm,
                format_number(weakest).c_str(), clean)});
  }
  if (deepest > shallowest) {
    const auto calm = [&](double layers) {
      return [&, layers](const Point& p) { return p[0] == weakest && p[1] == layers; };
    };
    const double deep =
        *mean_where(&Outcome::collapsed_clean, calm(deepest)) + *mean_where(&Outcome::collapsed_noised, calm(deepest));
    const double shallow = *mean_where(&Outcome::collapsed_clean, calm(shallowest)) +
                           *mean_where(&Outcome::collapsed_noised, calm(shallowest));
    result.claims.push_back(
        {"depth collapses dimensions without any strong augmentation", deep > shallow,
         format("k %s: dimensions gone %.1f with %s layers, %.1f with %s", format_number(weakest).c_str(), deep,
                format_number(deepest).c_str(), shallow, format_number(shallowest).c_str())});
  }
  for (size_t x = 0; x < kAxes; ++x) {
    for (size_t y = x + 1; y < kAxes; ++y) {
      if (axes[x].size() < 2 || axes[y].size() < 2) continue;
      const std::string pair = std::string(kAxisNames[x]) + "-" + kAxisNames[y];
      result.draw(map_over(points, rows, x, y, axes, &Outcome::effective_rank, "effective rank"), directory,
                  "phase-rank-" + pair,
                  "Effective rank of the embedding covariance, mean over the other axes and seeds.");
      result.draw(map_over(points, rows, x, y, axes, &Outcome::collapsed_noised, "noised dimensions gone"), directory,
                  "phase-noised-" + pair, "Collapsed directions among the noised input dimensions.");
      result.draw(map_over(points, rows, x, y, axes, &Outcome::collapsed_clean, "clean dimensions gone"), directory,
                  "phase-clean-" + pair, "Collapsed directions among the clean input dimensions.");
    }
  }
  return result;
}

}  // namespace directclr::paper
