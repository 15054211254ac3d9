#include "directclr/core/text.h"
#include "directclr/paper/variants.h"

// Appendix F: is the sub-vector alone the representation, and must it be the same one every time?

namespace directclr::paper {
namespace {

std::vector<Variant> variants(const Widths& widths) { return {direct(widths.d0), random_dropout(widths.d0)}; }

void present(Section& section, const Results& results, const std::filesystem::path&) {
  const Row direct_row{direct(results.widths.d0), 62.7};
  const Row dropout{random_dropout(results.widths.d0), 43.0};
  const std::string& dims = direct_row.variant.dims;
  const Measure part = [dims](const RunRecord& run) {
    const auto found = run.columns_top1.find(dims);
    return found == run.columns_top1.end() ? NAN : 100 * found->second;
  };
  const std::string& name = direct_row.variant.name;
  section.tables.push_back(
      {"",
       {{"what is probed", "probe, top-1 %", "the paper's"},
        {direct_row.variant.label + ", all of r", cell_with_interval(results, name, probe_top1, 2), "62.7"},
        {direct_row.variant.label + ", r[" + dims + "] alone", cell_with_interval(results, name, part, 2), "47.9"},
        {dropout.variant.label + ", all of r", cell_with_interval(results, dropout.variant.name, probe_top1, 2),
         "43.0"}}});
  double lost = 0;
  int64_t count = 0;
  for (const auto* run : results.of(name)) {
    if (!run->good() || !std::isfinite(part(*run))) continue;
    lost += probe_top1(*run) - part(*run);
    ++count;
  }
  if (count > 0) {
    section.findings.push_back(
        format("The sub-vector alone is %.2f points below all of r (mean of %lld); the paper: 14.8.",
               lost / static_cast<double>(count), static_cast<long long>(count)));
  }
  section.findings.push_back(ordering(results, direct_row, dropout));
}

}  // namespace

Suite appendix_f() {
  return {"appendix-f",
          "Appendix F. Two runs: DirectCLR, probed by r and by the sub-vector r[0:d0] alone, and one whose loss sees "
          "d0 other random dimensions in every step. Does it matter that they are always the same?",
          "Appendix F: the sub-vector alone, and random dropout",
          "On ImageNet a probe of the sub-vector r[0:d0] alone reaches 47.9 where the whole r reaches 62.7: the "
          "residual connections fill the rest with information too. Taking d0 other random dimensions in every "
          "step gives 43.0.",
          variants,
          present};
}

}  // namespace directclr::paper
