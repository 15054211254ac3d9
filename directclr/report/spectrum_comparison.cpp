#include "directclr/report/spectrum_comparison.h"

#include <cmath>
#include <utility>

#include "directclr/core/text.h"
#include "directclr/spectrum/similarity.h"

namespace directclr::report {
namespace {

// Why two inputs cannot be compared row by row; empty: they can.
std::string incomparable(const ComparedRows& a, const ComparedRows& b) {
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

}  // namespace

Comparison compare(const ComparedRows& first, const ComparedRows& second) {
  Comparison result{first.name, second.name, NAN, NAN, incomparable(first, second), ""};
  if (!result.reason.empty()) return result;
  const auto cka = spectrum::linear_cka(first.rows, second.rows);
  result.cka = cka.plain;
  result.cka_debiased = cka.debiased;
  if (!std::isfinite(result.cka)) result.reason = "the rows vary too little or too much for float64";
  if (!std::isfinite(result.cka_debiased)) {
    result.debiased_reason =
        first.rows.size(0) < 4 ? "it needs 4 rows" : "of so few rows the unbiased estimate of a norm is not above 0";
  }
  return result;
}

Finding finding_of(const Comparison& c) {
  const Json of = Json::array({c.first, c.second});
  const std::string pair = c.first + " and " + c.second;
  if (!c.reason.empty()) {
    return {"no linear CKA of " + pair + ": " + c.reason,
            {{"cka", nullptr}, {"cka_debiased", nullptr}, {"reason", c.reason}, {"of", of}}};
  }
  const std::string debiased =
      c.debiased_reason.empty() ? format("debiased %.4f", c.cka_debiased) : "no debiased value: " + c.debiased_reason;
  Json object = {{"cka", c.cka}, {"cka_debiased", c.cka_debiased}, {"of", of}};
  if (!c.debiased_reason.empty()) object["debiased_reason"] = c.debiased_reason;
  return {format("linear CKA of %s: %.4f, %s (row i of one must be row i of the other)", pair.c_str(), c.cka,
                 debiased.c_str()),
          std::move(object)};
}

}  // namespace directclr::report
