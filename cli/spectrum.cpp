#include "cli/spectrum.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
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

struct ComparedInput {
  std::string name;
  array::Array rows;
  int64_t skipped;  // rows that were left out
  bool varies;
};

// What the inputs so far came to, for the page, their likeness and the floors.
struct SpectrumOutputs {
  std::vector<ComparedInput> compared;
  std::vector<std::string> faults;
  std::vector<std::string> files;  // names taken in the folder for results
};

// Why two inputs cannot be compared row by row; empty: they can.
std::string incomparable(const ComparedInput& a, const ComparedInput& b) {
  if (a.skipped > 0 || b.skipped > 0) return "rows that are not finite were left out, so rows no longer correspond";
  if (a.rows.size(0) != b.rows.size(0)) {
    return format("%lld rows against %lld", static_cast<long long>(a.rows.size(0)),
                  static_cast<long long>(b.rows.size(0)));
  }
  for (const auto* input : {&a, &b}) {
    if (!input->varies) return "the rows of " + input->name + " are all the same";
  }
  return "";
}

// How alike an input is to each before it.
void compare(ComparedInput input, SpectrumOutputs& outputs, Console& console) {
  for (const auto& earlier : outputs.compared) {
    const Json of = Json::array({earlier.name, input.name});
    const std::string pair = earlier.name + " and " + input.name, reason = incomparable(earlier, input);
    if (!reason.empty()) {
      const Json object = {{"cka", nullptr}, {"cka_debiased", nullptr}, {"reason", reason}, {"of", of}};
      console.result("no linear CKA of " + pair + ": " + reason, object.dump());
      continue;
    }
    const auto cka = spectrum::linear_cka(earlier.rows, input.rows);
    const std::string debiased =
        std::isnan(cka.debiased) ? "not to be had from so few rows" : format("%.4f", cka.debiased);
    const Json object = {{"cka", cka.plain}, {"cka_debiased", cka.debiased}, {"of", of}};
    console.result(format("linear CKA of %s: %.4f, debiased %s (row i of one must be row i of the other)", pair.c_str(),
                          cka.plain, debiased.c_str()),
                   object.dump());
  }
  outputs.compared.push_back(std::move(input));
}

void show(const SpectrumRequest& request, const report::Finding& finding, const spectrum::Analysis& analysis,
          const std::string& name, SpectrumOutputs& outputs, Console& console) {
  console.result(finding.text + report::measures_text(analysis, request.explain), finding.object.dump());
  if (request.cka) {
    const auto& s = analysis.summary;
    compare({name, analysis.rows, s.skipped, s.values.front() > 0}, outputs, console);
  }
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
  const auto analysis = run->rows.finish(request.base.run.string(), console.context());
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
