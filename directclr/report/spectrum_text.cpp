#include "directclr/report/spectrum_text.h"

#include <cmath>
#include <utility>

#include "directclr/core/files.h"
#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/measures.h"

namespace directclr::report {

Finding write_spectrum(const std::string& title, const SpectrumResult& s, const SpectrumFiles& files) {
  Json object = json_of(s);
  std::string written;
  if (!files.folder.empty()) {
    make_directories(files.folder);
    write_spectrum_result(files.folder / (files.name + ".json"), s);
    write_figure(spectrum_figure(title, {{files.curve, s.values, s.floor}}, s.lines.dead_below), files.folder,
                 files.name);
    written = "\n  wrote " + (files.folder / files.name).string() + ".{json,csv,svg,gp}";
    if (!can_draw()) written += " (no picture yet: gnuplot, which draws it from the .gp, is not installed)";
    object.erase("singular_values");
  }
  std::string text = format("%s: %lld %s, %lld %s, %s", title.c_str(), static_cast<long long>(s.samples),
                            plural(s.samples, "row").c_str(), static_cast<long long>(s.dimensions()),
                            plural(s.dimensions(), "dimension").c_str(),
                            s.l2_normalized ? "rows L2-normalised" : "rows not normalised");
  if (s.skipped > 0) text += "\n  " + left_out_text(s);
  const Json* const read = s.protocol.find("read");  // of a run it is what was read of each part, and was said
  if (read && read->contains("text")) text += "\n  " + read->value("text", "");
  text += "\n  " + s.verdict.name() + ": " + s.verdict.text;
  text += format(
      "\n  effective-rank %.1f of %lld: the one to report (the other ranks weigh small directions more, and are for "
      "comparison with what others report)",
      s.effective_rank_lambda, static_cast<long long>(s.dimensions()));
  return {text + written, std::move(object)};
}

std::string left_out_text(const SpectrumResult& s) {
  if (s.skipped == 0) return "";
  const std::string what = s.split.empty() ? "row" : "image";
  // Files of versions before there were numbers have none.
  return "left out, not finite: " + (s.skipped_rows.empty()
                                         ? format("%lld %ss", static_cast<long long>(s.skipped), what.c_str())
                                         : spectrum::numbered(s.skipped, s.skipped_rows, what));
}

std::string measures_text(const SpectrumResult& result, bool explain) {
  std::string text;
  const auto own = spectrum::measures_of(result);
  for (const auto* measures : {&own, &result.compat, &result.geometry}) {
    for (const auto& measure : *measures) {
      text += format("\n  %-22s %s", measure.name.c_str(), measure.text.c_str());
      for (const auto& estimate : result.jackknife) {
        if (estimate.measure != measure.name || !std::isfinite(measure.value)) continue;
        if (!std::isfinite(estimate.standard_error)) {
          text += " (no standard error: without some rows there is no value)";
          continue;
        }
        text += format(" +- %.2g (bias about %.2g)", estimate.standard_error, estimate.bias);
      }
      if (explain) text += "\n      " + measure.definition + ".\n      " + measure.caveat + ".";
    }
  }
  return text;
}

}  // namespace directclr::report
