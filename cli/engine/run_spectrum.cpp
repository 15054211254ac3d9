#include <algorithm>
#include <set>
#include <utility>

#include "cli/engine/commands.h"
#include "cli/engine/findings.h"
#include "cli/engine/opened_run.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::cli {
namespace {

using spectrum::SpectrumSummary;

// What the inputs came to, for the comparison and the floors.
struct Seen {
  std::vector<std::pair<std::string, std::vector<double>>> curves;
  std::vector<std::string> faults;
  std::set<std::string> files;  // names taken in the folder for results
};

void show(const SpectrumRequest& request, const Finding& finding, const SpectrumSummary& summary,
          const std::string& curve, Seen& seen, Console& console) {
  console.result(finding.text + measures_text(summary, request.explain), finding.object.dump());
  seen.curves.emplace_back(curve, summary.values);
  if (request.fail_under.empty()) return;
  for (const auto& fault : spectrum::under_floors(summary, spectrum::parse_floors(request.fail_under))) {
    seen.faults.push_back(curve + ": " + fault);
  }
}

// "spectrum" for a single file; else the file's own name, with a number where it is taken.
std::string name_in_folder(const SpectrumRequest& request, const std::filesystem::path& file, Seen& seen) {
  if (request.inputs.size() == 1) return "spectrum";
  std::string name = file.stem().string();
  for (int i = 2; name == "comparison" || !seen.files.insert(name).second; ++i) {
    name = format("%s-%d", file.stem().c_str(), i);
  }
  return name;
}

SpectrumSummary summary_of_file(const SpectrumRequest& request, io::RowReader& reader, Console& console) {
  const int64_t wanted = request.limit > 0 ? std::min(request.limit, reader.rows()) : reader.rows();
  const std::string path = request.base.run.string();
  if (wanted < 2) throw InputError(path, "a covariance needs at least 2 rows");
  if (reader.columns() < 1) throw InputError(path, "the rows are empty");
  spectrum::FeatureMoments moments(reader.columns(), request.l2_normalize, request.skip_nonfinite);
  // Some 32 MiB of float64 at a time.
  const int64_t block = std::clamp<int64_t>((int64_t{1} << 22) / reader.columns(), 16, 65536);
  for (int64_t done = 0; done < wanted;) {
    const at::Tensor rows = reader.next(std::min(block, wanted - done));
    done += rows.size(0);
    try {
      moments.add(rows);
    } catch (const NumericalError& error) {
      throw NumericalError(path + ": " + error.what() + " (leave them out with --skip-nonfinite)");
    }
    const auto units = static_cast<uint64_t>(done);
    console.context().progress({"covariance", units, static_cast<uint64_t>(wanted), "rows", units, ""});
    if (console.context().stop_requested()) throw Interrupted("stopped; nothing was written");
  }
  if (moments.count() < 2) throw InputError(path, "fewer than 2 rows are finite");
  return moments.summary();
}

void run_on_file(const SpectrumRequest& request, Seen& seen, Console& console) {
  io::RowReader reader(request.base.run, request.tensor);
  const SpectrumSummary summary = summary_of_file(request, reader, console);
  const Finding finding = write_spectrum(reader.name(), summary, request.verdict,
                                         {{"file", request.base.run.string()}, {"input", reader.name()}}, request.out,
                                         name_in_folder(request, request.base.run, seen), reader.name());
  show(request, finding, summary, reader.name(), seen, console);
}

void run_on_run(const SpectrumRequest& request, const dist::Group& group, Seen& seen, Console& console) {
  const OpenedRun run(request.base, group);
  const bool embedding = request.layer == "embedding";
  const uint64_t limit = request.limit == 0 ? UINT64_MAX : static_cast<uint64_t>(request.limit);
  // Each process makes the moments of its share of the images; only those travel.
  const auto features =
      run.features(parse_split(request.split), false, embedding, console.context(), limit, /*keep_share=*/true);
  const torch::Tensor& rows = embedding ? features.embedding : features.representation;
  spectrum::FeatureMoments moments(rows.size(1), request.l2_normalize, request.skip_nonfinite);
  moments.add(rows);
  moments.merge(group);
  if (!group.is_root()) return;
  const SpectrumSummary summary = moments.summary();
  const Finding finding = save_spectrum(run, request.layer, request.split, summary, request.verdict);
  show(request, finding, summary, run.run.path().filename().string(), seen, console);
}

}  // namespace

void run_spectrum(const SpectrumRequest& all, Console& console) {
  if (!all.fail_under.empty()) spectrum::parse_floors(all.fail_under);  // before the work
  Seen seen;
  for (const auto& input : all.inputs) {
    SpectrumRequest request = all;
    request.base.run = input;
    if (std::filesystem::is_directory(input)) {
      with_group(request.base, [&](const dist::Group& group) { run_on_run(request, group, seen, console); });
    } else if (request.base.environment.rank == 0) {  // reading a file is one process's work
      run_on_file(request, seen, console);
    }
  }
  if (seen.curves.size() > 1 && !all.out.empty()) {
    report::write_figure(report::spectrum_figure("Spectra", seen.curves), all.out, "comparison");
    console.notice("wrote " + (all.out / "comparison").string() + ".{csv,svg,gp}");
  }
  if (!seen.faults.empty()) throw Error(join(seen.faults, "; "));
}

}  // namespace directclr::cli
