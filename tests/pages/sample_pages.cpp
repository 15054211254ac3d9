// Writes every kind of page, of data that are made up or stand in docs/, for look.py: sample_pages OUT RESULTS.json.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/experiment/page.h"
#include "directclr/paper/suites.h"
#include "directclr/paper/theory_figures.h"
#include "directclr/paper/theory_page.h"
#include "directclr/report/explanation_page.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/run_report.h"
#include "directclr/report/run_results.h"
#include "directclr/report/spectrum_page.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/watch_page.h"
#include "directclr/spectrum/spectra_log.h"
#include "directclr/spectrum/spectrum.h"
#include "tests/support/matrices.h"

namespace {

using namespace directclr;
namespace fs = std::filesystem;

constexpr int64_t kWidth = 64;

// Rows (n, kWidth) whose k-th column has standard deviation scale(k), about `mean`.
template <class Scale>
array::Array rows_with(int64_t n, double mean, Scale scale) {
  std::vector<double> values = array::to_doubles(test::normal_array(n, kWidth, 7));
  for (size_t i = 0; i < values.size(); ++i) values[i] = mean + scale(static_cast<int64_t>(i) % kWidth) * values[i];
  return array::Array::of(std::move(values), {n, kWidth});
}

report::SpectrumResult measured(const array::Array& rows, const std::string& name) {
  return report::spectrum_result(spectrum::summarize(rows, false), {}, {{"input", name}, {"data", "a made-up set"}});
}

double gentle(int64_t k) { return 1 - 0.7 * static_cast<double>(k) / kWidth; }
double with_a_tail(int64_t k) { return k < 40 ? gentle(k) : 1e-4; }

void spectrum_page(const fs::path& folder, const std::string& name, const array::Array& rows) {
  make_directories(folder / name);
  report::write_spectrum_result(folder / name / (name + ".json"), measured(rows, name + ".npy"));
  report::write_spectrum_page(folder / name, {name});
}

double steep(int64_t k) { return std::exp(-0.06 * static_cast<double>(k)); }

enum class Way { kHealthy, kFalling, kDying };

// The eigenvalues of r at a step of 400, on the way to those of rows of `gentle`, `steep` or `with_a_tail`.
std::vector<double> eigenvalues_at(int step, Way way) {
  const double late = step > 100 ? (step - 100) / 300.0 : 0, early = std::min(1.0, step / 100.0);
  std::vector<double> values;
  for (int64_t k = 0; k < kWidth; ++k) {
    double scale = gentle(k);
    if (way == Way::kFalling) scale = std::pow(gentle(k), 1 - late) * std::pow(steep(k), late);
    if (way == Way::kDying) scale = std::pow(gentle(k), 1 - late) * std::pow(with_a_tail(k), late);
    values.push_back(std::pow(scale, 2 / early));
  }
  return values;
}

double effective_rank(const std::vector<double>& values) {
  double sum = 0, entropy = 0;
  for (const double value : values) sum += value;
  for (const double value : values) entropy -= value / sum * std::log(value / sum);
  return std::exp(entropy);
}

// A run that has ended, whose log agrees with its spectrum.
void write_run(const fs::path& folder, const std::string& projector, const report::SpectrumResult& r, Way way) {
  make_directories(folder / "spectrum");
  write_file(folder / "config.toml",
             "[train]\ndata = \"a made-up set\"\nseed = 0\nepochs = 5\nbatch_size = 64\n[encoder]\narch = \"tiny\"\n"
             "[projector]\nprojector = \"" +
                 projector + "\"\n");
  write_file(folder / "DONE", R"({"steps": 400, "seconds": 65})");
  std::string metrics, spectra = spectrum::spectra_head("", kWidth, 0);
  for (int step = 20; step <= 400; step += 20) {
    const std::vector<double> values = eigenvalues_at(step, way);
    const auto dead = std::count_if(values.begin(), values.end(), [&](double v) { return v < 1e-4 * values[0]; });
    metrics += format(
        "{\"step\": %d, \"epoch\": %.2f, \"loss\": %.4f, \"lr\": %.3f, \"images_per_second\": 400, \"rank_r\": %.3f, "
        "\"rank_z\": %.3f, \"dead_r\": %d}\n",
        step, step / 100.0, 1 + 3.0 / step, 0.6 - step / 1000.0, effective_rank(values), effective_rank(values) / 2,
        static_cast<int>(dead));
    spectra += spectrum::spectra_line(step, spectrum::logged_spectrum(values), {});
  }
  write_file(folder / "metrics.jsonl", metrics);
  write_file(folder / "spectra.jsonl", spectra);
  const std::string top1 = projector == "none" ? "0.75" : "0.8125";
  write_file(folder / "probe.json", "{\"top1\": " + top1 + R"(, "protocol": {"method": "L-BFGS", "dims": [0, 64],
             "representation_width": 64, "random_init": false}})");
  report::write_spectrum_result(folder / "spectrum" / "representation.json", r);
}

// The runs as if they were still trained.
void live_page(const fs::path& out, const std::vector<fs::path>& folders, const report::Look& look) {
  std::vector<report::RunResults> runs;
  for (const auto& folder : folders) {
    runs.push_back(report::read_results(folder));
    runs.back().state = report::RunState::kAtWork;
  }
  make_directories(out);
  write_file(out / "index.html", report::watch_page(runs, look));
}

void report_page(const fs::path& out, const std::vector<fs::path>& folders) {
  std::vector<report::RunResults> runs;
  for (const auto& folder : folders) runs.push_back(report::read_results(folder));
  write_file(out / "index.html", report::run_report("", runs, out / "figures"));
}

// A network some of whose directions the augmentation spreads more than the data.
report::ExplanationResult explanation() {
  report::ExplanationResult e;
  e.images = 4096;
  e.batch = 256;
  e.conclusion = {"r has dead directions, and the first cause of collapse is at work",
                  "high",
                  {"12 of 64 have a negative eigenvalue beyond chance"},
                  {},
                  {"growth now agrees with it"}};
  e.r = report::ExplanationResult::State{
      "dimensional collapse",
      "24 of 64 directions, those from rank 41 on, have less than 1/10,000 of the largest variance", 24, kWidth};
  e.x.layer = "representation r";
  e.x.negative_for_certain = 12;
  for (int k = 0; k < kWidth; ++k) {
    const double data = std::pow(10.0, -k / 16.0), augmentation = data * (0.3 + k / 60.0);
    e.x.data_along.push_back(data);
    e.x.augmentation_along.push_back(augmentation);
    e.x.eigenvalues.push_back(data - augmentation);
    e.x.held_out.push_back(0.9 * (data - augmentation));
    e.x.standard_error.push_back(0.02 * data);
    e.growth.size.push_back(data);
    e.growth.exact.push_back(data - augmentation);
    e.growth.standard_error.push_back(0.02 * data);
    e.growth.lemma2.push_back(2 * (data - augmentation));
  }
  e.x.certain = std::vector<int64_t>();
  for (int64_t k = kWidth - 12; k < kWidth; ++k) e.x.certain->push_back(k);
  e.x_eqn2 = {0.5, 10, 9, e.x.eigenvalues};
  e.growth.singular = true;
  e.attribution = {{"as trained", 0.6, 1.2},
                   {"crop alone", 0.5, 1.0},
                   {"hue alone", 0.2, 0.3},
                   {"without crop", 0.3, 0.5},
                   {"without hue", 0.5, 1.1}};
  e.attribution_images = 512;
  e.weak_count = 6;
  report::ExplanationResult::Alignment alignment{
      "projector's matrices 1 and 2", "a ReLU", 0.6, 0.1, 0.12, {2, 1}, {3, 1}, {}};
  for (int r = 0; r < 24; ++r) {
    auto& row = alignment.leading.emplace_back();
    for (int c = 0; c < 24; ++c) row.push_back(r == c ? 0.8 : 0.05 * ((r * 7 + c * 3) % 4));
  }
  e.alignments = {alignment};
  e.protocol = {{"run", "runs/example"},
                {"data", "a made-up set"},
                {"arch", "tiny"},
                {"projector", "linear"},
                {"pretraining_epochs", 4},
                {"seed", 0},
                {"augmentation", {{"crop_scale_min", 0.08}, {"flip_probability", 0.5}, {"jitter_hue", 0.1}}}};
  return e;
}

// Two of the statements, and a figure of few and short runs.
void theory_page(const fs::path& out) {
  theory::LaboratorySettings settings = paper::figure3_defaults();
  settings.seeds = 1;
  settings.iterations = 1000;
  settings.resolve({});
  const auto checks = theory::run_checks({}, {"lemma2", "theorem2"}, {});
  const auto figure = paper::figure3(settings, {0.5, 2, 4}, out, {});
  // Its curves end at a tick of four digits, and its pictures are among the largest.
  theory::LaboratorySettings long_run = paper::figure56_defaults();
  long_run.seeds = 1;
  long_run.batch_size = 32;
  long_run.iterations = 4000;
  long_run.resolve({});
  const auto course = paper::figure6(long_run, out, {});
  write_file(out / "index.html", paper::theory_page(checks, {figure, course}, "directclr theory all"));
}

void suite_page(const fs::path& out, const fs::path& results_file) {
  auto results = experiment::Results::read(results_file);
  std::vector<experiment::Suite> suites;
  for (const auto& suite : paper::suites()) {
    suites.push_back(suite);
    if (!suite.variants) continue;
    for (const auto& variant : suite.variants(results.widths)) {
      results.variants.push_back({variant.name, variant.label, {variant.settings.begin(), variant.settings.end()}});
    }
  }
  const auto sections = experiment::present(suites, results, out / "figures");
  write_file(out / "index.html", experiment::page_html(results, sections, {"The paper's experiments, made again"}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: sample_pages OUT RESULTS.json\n", stderr);
    return 2;
  }
  const fs::path out = argv[1];
  spectrum_page(out, "healthy", rows_with(1000, 0, gentle));
  spectrum_page(out, "dimensional", rows_with(1000, 0, with_a_tail));
  spectrum_page(out, "complete", rows_with(1000, 1, [](int64_t) { return 0.0; }));
  spectrum_page(out, "few", rows_with(50, 0, gentle));
  const auto healthy = measured(rows_with(1000, 0, gentle), "r"), dead = measured(rows_with(1000, 0, with_a_tail), "r");
  write_run(out / "runs/falling", "mlp", measured(rows_with(1000, 0, steep), "r"), Way::kFalling);
  write_run(out / "runs/none", "none", dead, Way::kDying);
  write_run(out / "runs/mlp", "mlp", healthy, Way::kHealthy);
  report_page(out / "falling", {out / "runs/falling"});
  report_page(out / "collapsed-run", {out / "runs/none"});
  report_page(out / "runs-compared", {out / "runs/none", out / "runs/mlp"});
  const fs::path unbroken = out / "runs" / std::string(150, 'n');  // a name that nowhere offers a line break
  write_run(unbroken, "linear", healthy, Way::kHealthy);
  report_page(out / "long-names", {unbroken, out / "runs/none"});
  live_page(out / "live", {out / "runs/none", out / "runs/mlp"}, {7, 3600});
  live_page(out / "live-quick", {out / "runs/falling"}, {7, 1});
  make_directories(out / "explain");
  report::write_explanation(out / "explain" / "explain.json", explanation());
  report::write_explanation_page(out / "explain");
  theory_page(out / "theory");
  suite_page(out / "suite", argv[2]);
  return 0;
}
