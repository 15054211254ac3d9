#include "directclr/report/spectrum_inputs.h"

#include <algorithm>
#include <utility>

#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/report/spectrum_page.h"
#include "directclr/spectrum/gates.h"
#include "directclr/spectrum/measures.h"

namespace directclr::report {

MeasuredInput measure_file(const std::filesystem::path& path, const SpectrumSettings& settings,
                           const Context& context) {
  io::RowSettings rows = settings.rows;
  rows.gaps_are_nan = settings.analysis.skip_nonfinite;
  io::RowReader reader(path, settings.tensor, rows);
  auto analysis = spectrum::analyse(reader, settings.analysis, settings.limit, settings.cka, context);
  MeasuredInput input;
  input.result = spectrum_result(analysis, settings.verdict,
                                 {{"file", path.string()}, {"input", reader.name()}, {"read", reader.taken().json()}});
  input.rows = std::move(analysis.rows);
  input.path = path;
  input.name = input.title = reader.name();
  return input;
}

SpectrumInputs::SpectrumInputs(const SpectrumSettings& settings, size_t count, std::filesystem::path out)
    : settings_(settings), gates_(settings.fail, "--fail"), count_(count), out_(std::move(out)) {
  if (!settings.analysis.compat.empty()) spectrum::compatible_measures({}, settings.analysis.compat);
}

std::vector<Finding> SpectrumInputs::add(MeasuredInput input) {
  const SpectrumFiles in_page = out_.empty() ? SpectrumFiles{} : SpectrumFiles{out_, file_name(input.path), input.name};
  const bool of_run = !input.own_files.folder.empty();
  std::vector<Finding> findings = {write_spectrum(input.title, input.result, of_run ? input.own_files : in_page)};
  findings[0].text += measures_text(input.result, settings_.explain);
  if (of_run && !out_.empty()) {
    SpectrumResult named = input.result;
    named.protocol["input"] = input.name + ", " + named.layer;
    write_spectrum(input.name, named, in_page);
  }
  if (!gates_.empty()) {
    const auto results = gates_.results(input.result, input.result.verdict);
    findings[0].object["gates"] = spectrum::json_of(results);
    for (const auto& text : spectrum::failures(results)) failed_.push_back(input.name + ": " + text);
  }
  inputs_.push_back(findings[0].object);
  if (settings_.cka) {
    ComparedRows rows{input.name, std::move(input.rows), input.result.skipped, input.result.values.front() > 0};
    for (const auto& earlier : compared_) {
      findings.push_back(finding_of(compare(earlier, rows)));
      comparisons_.push_back(findings.back().object);
    }
    compared_.push_back(std::move(rows));
  }
  return findings;
}

Json SpectrumInputs::object() const {
  if (count_ == 1) return inputs_.size() == 1 ? inputs_[0] : Json::object();
  Json all = {{"inputs", inputs_}};
  if (settings_.cka) all["comparisons"] = comparisons_;
  return all;
}

void SpectrumInputs::write_page() const { write_spectrum_page(out_, files_); }

// "spectrum" for a single input; else its own name, with a number where it is taken.
std::string SpectrumInputs::file_name(const std::filesystem::path& path) {
  std::string name = count_ == 1 ? "spectrum" : path.stem().string();
  std::erase_if(name, [](char c) { return c == '*' || c == '?' || c == '[' || c == ']'; });  // a pattern of files
  if (name.empty()) name = "parts";
  const std::string stem = name;
  const auto taken = [&] {
    return name == "comparison" || name == "cumulative" ||
           std::find(files_.begin(), files_.end(), name) != files_.end();
  };
  for (int i = 2; taken(); ++i) name = format("%s-%d", stem.c_str(), i);
  files_.push_back(name);
  return name;
}

}  // namespace directclr::report
