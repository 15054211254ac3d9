#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include "cli/engine/commands.h"
#include "cli/engine/findings.h"
#include "cli/engine/opened_run.h"
#include "cli/engine/weights.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/report/spectrum_page.h"
#include "directclr/spectrum/geometry_measures.h"
#include "directclr/spectrum/jackknife.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/similarity.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::cli {
namespace {

using spectrum::SpectrumSummary;

// What the inputs came to, for the page, their likeness and the floors.
struct Seen {
  std::vector<std::pair<std::string, at::Tensor>> rows;  // of several inputs, for their likeness
  std::vector<std::string> faults;
  std::vector<std::string> files;  // names taken in the folder for results
};

// Whether the rows themselves are needed, beyond one pass over them.
bool needs_rows(const SpectrumRequest& request) { return request.neighbours || request.views > 0 || request.cka; }

// The measures of an input: what its spectrum gives, and what was asked for besides, which also goes into the files.
struct Measured {
  std::vector<spectrum::Measure> all;
  nlohmann::ordered_json more = nlohmann::ordered_json::object();
};

// Standard errors beside the measures that have them.
void add_errors(const std::vector<spectrum::JackknifeEstimate>& estimates, Measured& measured) {
  for (const auto& estimate : estimates) {
    for (auto& measure : measured.all) {
      if (measure.name != estimate.measure) continue;
      measure.text += format(" +- %.2g (bias about %.2g)", estimate.standard_error, estimate.bias);
    }
    measured.more["jackknife"][estimate.measure] = {{"standard_error", estimate.standard_error},
                                                    {"bias", estimate.bias}};
  }
}

// `rows`: those that the summary is of, if they were kept.
Measured measure(const SpectrumRequest& request, const SpectrumSummary& summary, const at::Tensor& rows,
                 const std::optional<spectrum::Jackknife>& jackknife, Console& console) {
  Measured measured{spectrum::measures_of(summary)};
  if (jackknife) add_errors(jackknife->estimates(), measured);
  const auto add = [&](const char* kind, std::vector<spectrum::Measure> further) {
    for (auto& one : further) {
      measured.more[kind][one.name] = one.value;
      measured.all.push_back(std::move(one));
    }
  };
  if (!request.compat.empty()) add("compat", spectrum::compatible_measures(summary, request.compat));
  if (request.neighbours) add("geometry", spectrum::neighbour_measures(rows, console.context()));
  if (request.views > 0) add("geometry", spectrum::view_measures(rows, request.views));
  return measured;
}

// How alike an input is to each before it that has as many rows.
void compare(const std::string& curve, const at::Tensor& rows, Seen& seen, Console& console) {
  for (const auto& [other, earlier] : seen.rows) {
    if (earlier.size(0) != rows.size(0)) continue;
    const auto cka = spectrum::linear_cka(earlier, rows);
    console.result(
        format("linear CKA of %s and %s: %.4f, debiased %.4f (row i of one must be row i of the other)", other.c_str(),
               curve.c_str(), cka.plain, cka.debiased),
        nlohmann::ordered_json{{"cka", cka.plain}, {"cka_debiased", cka.debiased}, {"of", {other, curve}}}.dump());
  }
  seen.rows.emplace_back(curve, rows);
}

void show(const SpectrumRequest& request, const Finding& finding, const std::vector<spectrum::Measure>& measures,
          const SpectrumSummary& summary, const std::string& curve, const at::Tensor& rows, Seen& seen,
          Console& console) {
  console.result(finding.text + measures_text(measures, request.explain), finding.object.dump());
  if (request.cka) compare(curve, rows, seen, console);
  if (request.fail_under.empty()) return;
  for (const auto& fault : spectrum::under_floors(summary, spectrum::parse_floors(request.fail_under))) {
    seen.faults.push_back(curve + ": " + fault);
  }
}

// "spectrum" for a single input; else its own name, with a number where it is taken.
std::string name_in_folder(const SpectrumRequest& request, Seen& seen) {
  if (request.out.empty()) return "";
  std::string name = request.inputs.size() == 1 ? "spectrum" : request.base.run.stem().string();
  std::erase_if(name, [](char c) { return c == '*' || c == '?' || c == '[' || c == ']'; });  // a pattern of files
  if (name.empty()) name = "parts";
  const std::string stem = name;
  const auto taken = [&] {
    return name == "comparison" || name == "cumulative" ||
           std::find(seen.files.begin(), seen.files.end(), name) != seen.files.end();
  };
  for (int i = 2; taken(); ++i) name = format("%s-%d", stem.c_str(), i);
  seen.files.push_back(name);
  return name;
}

// A jackknife over the rows as they are summarised.
std::optional<spectrum::Jackknife> jackknife_for(const SpectrumRequest& request, int64_t rows, int64_t columns) {
  if (request.jackknife == 0) return {};
  if (request.jackknife < 2 || rows < 2 * request.jackknife) {
    throw InputError("--jackknife", format("%lld rows do not fill %lld groups of two", static_cast<long long>(rows),
                                           static_cast<long long>(request.jackknife)));
  }
  return spectrum::Jackknife(columns, request.jackknife);
}

void add_rows(const at::Tensor& rows, const SpectrumRequest& request, std::optional<spectrum::Jackknife>& jackknife) {
  if (!jackknife) return;
  at::Tensor z = rows.to(at::kDouble);
  z = z.index_select(0, at::isfinite(z).all(1).nonzero().flatten());
  jackknife->add(request.l2_normalize ? z / z.norm(2, {1}, true).clamp_min(1e-12) : z);
}

SpectrumSummary summary_of_file(const SpectrumRequest& request, io::RowReader& reader, at::Tensor& kept,
                                std::optional<spectrum::Jackknife>& jackknife, Console& console) {
  const int64_t wanted = request.limit > 0 ? std::min(request.limit, reader.rows()) : reader.rows();
  const std::string path = request.base.run.string();
  if (wanted < 2) throw InputError(path, "a covariance needs at least 2 rows");
  if (reader.columns() < 1) throw InputError(path, "the rows are empty");
  spectrum::FeatureMoments moments(reader.columns(), request.l2_normalize, request.skip_nonfinite);
  jackknife = jackknife_for(request, wanted, reader.columns());
  // Some 8 MiB of float32 at a time.
  const int64_t block = std::clamp<int64_t>((int64_t{1} << 21) / reader.columns(), 16, 65536);
  std::vector<at::Tensor> blocks;
  for (int64_t done = 0; done < wanted;) {
    const at::Tensor rows = reader.next(std::min(block, wanted - done));
    done += rows.size(0);
    if (needs_rows(request)) blocks.push_back(rows.to(at::kFloat));
    try {
      moments.add(rows);
      add_rows(rows, request, jackknife);
    } catch (const NumericalError& error) {
      throw NumericalError(path + ": " + error.what() + " (leave them out with --skip-nonfinite)");
    }
    const auto units = static_cast<uint64_t>(done);
    console.context().progress({"covariance", units, static_cast<uint64_t>(wanted), "rows", units, ""});
    if (console.context().stop_requested()) throw Interrupted("stopped; nothing was written");
  }
  if (moments.count() < 2) throw InputError(path, "fewer than 2 rows are finite");
  if (!blocks.empty()) {
    kept = at::cat(blocks);
    kept = kept.index_select(0, at::isfinite(kept).all(1).nonzero().flatten());
  }
  return moments.summary();
}

void run_on_file(const SpectrumRequest& request, Seen& seen, Console& console) {
  io::RowReader reader(request.base.run, request.tensor);
  at::Tensor rows;
  std::optional<spectrum::Jackknife> jackknife;
  const SpectrumSummary summary = summary_of_file(request, reader, rows, jackknife, console);
  const Measured measured = measure(request, summary, rows, jackknife, console);
  const Finding finding = write_spectrum(reader.name(), summary, request.verdict,
                                         {{"file", request.base.run.string()}, {"input", reader.name()}}, request.out,
                                         name_in_folder(request, seen), reader.name(), measured.more);
  show(request, finding, measured.all, summary, reader.name(), rows, seen, console);
}

void run_on_run(const SpectrumRequest& request, const dist::Group& group, Seen& seen, Console& console) {
  const OpenedRun run(request.base, group, console.context().notice);
  const bool embedding = request.layer == "embedding";
  const uint64_t limit = request.limit == 0 ? UINT64_MAX : static_cast<uint64_t>(request.limit);
  // Each process makes the moments of its share of the images; only those travel.
  if ((needs_rows(request) || request.jackknife > 0) && !group.alone()) {
    throw InputError("--nproc", "--neighbours, --views, --cka and --jackknife are one process's work");
  }
  const auto features =
      run.features(parse_split(request.split), false, embedding, console.context(), limit, /*keep_share=*/true);
  const torch::Tensor& rows = embedding ? features.embedding : features.representation;
  spectrum::FeatureMoments moments(rows.size(1), request.l2_normalize, request.skip_nonfinite);
  moments.add(rows);
  moments.merge(group);
  if (!group.is_root()) return;
  auto jackknife = jackknife_for(request, rows.size(0), rows.size(1));
  add_rows(rows, request, jackknife);
  const SpectrumSummary summary = moments.summary();
  const Measured measured = measure(request, summary, rows, jackknife, console);
  const Finding finding = save_spectrum(run, request.layer, request.split, summary, request.verdict, measured.more);
  const std::string name = run.run.path().filename().string();
  if (!request.out.empty()) {
    nlohmann::ordered_json protocol = finding.object["protocol"];
    protocol["input"] = name + ", " + request.layer;
    write_spectrum(name, summary, request.verdict, std::move(protocol), request.out, name_in_folder(request, seen),
                   name, measured.more);
  }
  show(request, finding, measured.all, summary, name, rows, seen, console);
}

// Standard input as a file, for readers that go back and forth: .npy by its first bytes, else .csv.
class StandardInput {
 public:
  StandardInput() {
    std::string pattern = (std::filesystem::temp_directory_path() / "directclr-stdin-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw InputError(pattern, "cannot be made");
    folder_ = pattern;
    const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
    path_ = folder_ / (bytes.starts_with("\x93NUMPY") ? "standard-input.npy" : "standard-input.csv");
    write_file(path_, bytes);
  }
  ~StandardInput() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_, path_;
};

}  // namespace

void run_spectrum(const SpectrumRequest& all, Console& console) {
  if (!all.fail_under.empty()) spectrum::parse_floors(all.fail_under);  // before the work
  if (!all.compat.empty()) spectrum::compatible_measures({}, all.compat);
  Seen seen;
  for (const auto& input : all.inputs) {
    SpectrumRequest request = all;
    std::optional<StandardInput> standard;
    if (input == "-" && all.base.environment.rank == 0) standard.emplace();
    request.base.run = standard ? standard->path() : input;
    if (all.weights) {
      if (request.base.environment.rank == 0) show_weights(input, all.out, console);
    } else if (std::filesystem::is_directory(input)) {
      with_processes(request.base, console,
                     [&](const dist::Group& group) { run_on_run(request, group, seen, console); });
    } else if (request.base.environment.rank == 0) {  // reading a file is one process's work
      run_on_file(request, seen, console);
    }
  }
  if (!seen.files.empty()) {
    report::write_spectrum_page(all.out, seen.files);
    console.notice("wrote " + (all.out / "index.html").string());
  }
  if (!seen.faults.empty()) throw Error(join(seen.faults, "; "));
}

}  // namespace directclr::cli
