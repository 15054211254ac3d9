#include "directclr/report/spectrum_inputs.h"

#include <algorithm>
#include <utility>

#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/report/spectrum_page.h"
#include "directclr/spectrum/measures.h"

namespace directclr::report {

MeasuredInput measure_file(const std::filesystem::path& path, const SpectrumSettings& settings,
                           const Context& context) {
  io::RowReader reader(path, settings.tensor);
  auto analysis = spectrum::analyse(reader, settings.analysis, settings.limit, settings.cka, context);
  MeasuredInput input;
  input.result = spectrum_result(analysis, settings.verdict, {{"file", path.string()}, {"input", reader.name()}});
  input.rows = std::move(analysis.rows);
  input.path = path;
  input.name = input.title = reader.name();
  if (!reader.passed_over().empty()) {
    input.title += " (passed over: " + reader.passed_over() + ")";
    input.result.protocol["passed_over"] = reader.passed_over();
  }
  return input;
}

SpectrumInputs::SpectrumInputs(const SpectrumSettings& settings, size_t count, std::filesystem::path out)
    : settings_(settings), count_(count), out_(std::move(out)) {
  if (!settings.fail_under.empty()) floors_ = spectrum::parse_floors(settings.fail_under);
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
  for (const auto& fault : spectrum::under_floors(input.result, floors_)) {
    faults_.push_back(input.name + ": " + fault);
  }
  if (settings_.cka) {
    ComparedRows rows{input.name, std::move(input.rows), input.result.skipped, input.result.values.front() > 0};
    for (const auto& earlier : compared_) findings.push_back(finding_of(compare(earlier, rows)));
    compared_.push_back(std::move(rows));
  }
  return findings;
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
