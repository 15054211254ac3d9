#include "cli/spectrum.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/report/spectrum_page.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/spectrum/similarity.h"

namespace directclr::cli {
namespace {

// What the inputs so far came to, for the page, their likeness and the floors.
struct SpectrumOutputs {
  std::vector<std::pair<std::string, array::Array>> rows;  // of several inputs, for their likeness
  std::vector<std::string> faults;
  std::vector<std::string> files;  // names taken in the folder for results
};

// How alike an input is to each before it that has as many rows.
void compare(const std::string& name, const array::Array& rows, SpectrumOutputs& outputs, Console& console) {
  for (const auto& [other, earlier] : outputs.rows) {
    if (earlier.size(0) != rows.size(0)) continue;
    const auto cka = spectrum::linear_cka(earlier, rows);
    const Json object = {{"cka", cka.plain}, {"cka_debiased", cka.debiased}, {"of", Json::array({other, name})}};
    console.result(format("linear CKA of %s and %s: %.4f, debiased %.4f (row i of one must be row i of the other)",
                          other.c_str(), name.c_str(), cka.plain, cka.debiased),
                   object.dump());
  }
  outputs.rows.emplace_back(name, rows);
}

void show(const SpectrumRequest& request, const report::Finding& finding, const spectrum::Analysis& analysis,
          const std::string& name, SpectrumOutputs& outputs, Console& console) {
  console.result(finding.text + report::measures_text(analysis, request.explain), finding.object.dump());
  if (request.cka) compare(name, analysis.rows, outputs, console);
  if (request.fail_under.empty()) return;
  for (const auto& fault : spectrum::under_floors(analysis.summary, spectrum::parse_floors(request.fail_under))) {
    outputs.faults.push_back(name + ": " + fault);
  }
}

// "spectrum" for a single input; else its own name, with a number where it is taken.
std::string name_in_folder(const SpectrumRequest& request, SpectrumOutputs& outputs) {
  if (request.out.empty()) return "";
  std::string name = request.inputs.size() == 1 ? "spectrum" : request.base.run.stem().string();
  std::erase_if(name, [](char c) { return c == '*' || c == '?' || c == '[' || c == ']'; });  // a pattern of files
  if (name.empty()) name = "parts";
  const std::string stem = name;
  const auto taken = [&] {
    return name == "comparison" || name == "cumulative" ||
           std::find(outputs.files.begin(), outputs.files.end(), name) != outputs.files.end();
  };
  for (int i = 2; taken(); ++i) name = format("%s-%d", stem.c_str(), i);
  outputs.files.push_back(name);
  return name;
}

void run_on_file(const SpectrumRequest& request, SpectrumOutputs& outputs, Console& console) {
  io::RowReader reader(request.base.run, request.tensor);
  const auto analysis = spectrum::analyse(reader, request.analysis, request.limit, request.cka, console.context());
  const auto finding = report::write_spectrum(
      reader.name(), analysis.summary, request.verdict, {{"file", request.base.run.string()}, {"input", reader.name()}},
      {request.out, name_in_folder(request, outputs), reader.name()}, report::further_results(analysis));
  show(request, finding, analysis, reader.name(), outputs, console);
}

void run_on_run(const SpectrumRequest& request, SpectrumOutputs& outputs, Console& console) {
  std::optional<RunRows> run = load_engine().run_rows(request, console);
  if (!run) return;
  const auto analysis = run->rows.finish(console.context());
  const Json more = report::further_results(analysis);
  const auto finding = report::write_spectrum(request.layer + " of the " + request.split + " images, " + run->projector,
                                              analysis.summary, request.verdict, run->protocol,
                                              {run->folder, request.layer, run->projector}, more);
  if (!request.out.empty()) {
    Json protocol = finding.object.at("protocol");
    protocol["input"] = run->name + ", " + request.layer;
    report::write_spectrum(run->name, analysis.summary, request.verdict, std::move(protocol),
                           {request.out, name_in_folder(request, outputs), run->name}, more);
  }
  show(request, finding, analysis, run->name, outputs, console);
}

void show_weights(const std::filesystem::path& input, const SpectrumRequest& request, Console& console) {
  std::vector<spectrum::WeightMatrix> weights;
  if (std::filesystem::is_directory(input)) {
    for (const char* file : {"encoder.safetensors", "projector.safetensors"}) {
      auto further = spectrum::read_weight_matrices(input / file);
      std::move(further.begin(), further.end(), std::back_inserter(weights));
    }
  } else {
    weights = spectrum::read_weight_matrices(input);
  }
  if (weights.empty()) throw InputError(input.string(), "holds no matrix of floating numbers");
  const auto method = request.exact ? linalg::SvdMethod::kExact : linalg::SvdMethod::kGram;
  const auto spectra = spectrum::weight_spectra(weights, method, console.context());
  const auto finding = report::write_weights(input.string(), weights, spectra, method, request.out);
  console.result(finding.text, finding.object.dump());
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
  if (!all.analysis.compat.empty()) spectrum::compatible_measures({}, all.analysis.compat);
  const ThreadLimit limit(static_cast<size_t>(std::max<int64_t>(all.base.threads, 0)));
  const bool first = all.base.environment.rank == 0;  // reading a file is one process's work
  SpectrumOutputs outputs;
  for (const auto& input : all.inputs) {
    SpectrumRequest request = all;
    std::optional<StandardInput> standard;
    if (input == "-" && first) standard.emplace();
    request.base.run = standard ? standard->path() : input;
    if (all.weights) {
      if (first) show_weights(request.base.run, request, console);
    } else if (std::filesystem::is_directory(input)) {
      run_on_run(request, outputs, console);
    } else if (first) {
      run_on_file(request, outputs, console);
    }
  }
  if (!outputs.files.empty()) {
    report::write_spectrum_page(all.out, outputs.files);
    console.notice("wrote " + (all.out / "index.html").string());
  }
  if (!outputs.faults.empty()) throw Error(join(outputs.faults, "; "));
}

}  // namespace directclr::cli
