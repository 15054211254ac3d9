#include "directclr/spectrum/gates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/measures.h"

namespace directclr::spectrum {
namespace {

// The measure of that name, long or short, of which more, or else less, is healthier.
const MeasureKind& measure_called(const std::string& name, bool ceiling, const std::string& option) {
  const auto wanted = ceiling ? MeasureKind::Healthier::kLess : MeasureKind::Healthier::kMore;
  std::vector<std::string> allowed;
  for (const auto& kind : measure_kinds()) {
    if (kind.healthier != wanted) continue;
    if (kind.name == name || (!kind.short_name.empty() && kind.short_name == name)) return kind;
    if (!kind.short_name.empty()) allowed.push_back(kind.short_name);
    allowed.push_back(kind.name);
  }
  throw InputError(option, "'" + name + "' is no measure that has a " + (ceiling ? "ceiling" : "floor"),
                   "allowed: " + join(allowed));
}

constexpr const char* kAnyCollapse = "collapse";

}  // namespace

Gates::Gates(const GateTexts& texts, const std::string& options) {
  if (!texts.under.empty()) add_bounds(texts.under, /*ceilings=*/false, options + "-under");
  if (!texts.over.empty()) add_bounds(texts.over, /*ceilings=*/true, options + "-over");
  if (!texts.on.empty()) add_verdicts(texts.on, options + "-on");
}

void Gates::add_bounds(const std::string& text, bool ceilings, const std::string& option) {
  for (const auto& piece : split(text, ',')) {
    const auto parts = split(piece, '=');
    Bound bound;
    bound.measure = measure_called(parts[0], ceilings, option).name;
    bound.ceiling = ceilings;
    bound.option = option;
    std::string number = parts.size() == 2 ? parts[1] : "";
    bound.of_dimensions = number.ends_with("D");
    if (bound.of_dimensions) number.pop_back();
    if (!parse_double(number, bound.value) || !std::isfinite(bound.value)) {
      throw InputError(option, "'" + piece + "' gives no number",
                       ceilings ? "write dead=10 or dead=0.05D" : "write rank=50 or rank=0.1D");
    }
    if (bound.of_dimensions && (bound.value < 0 || bound.value > 1)) {
      throw InputError(option, "'" + piece + "' is no share of the D dimensions", "between 0D and 1D");
    }
    bounds_.push_back(std::move(bound));
  }
}

void Gates::add_verdicts(const std::string& text, const std::string& option) {
  for (const auto& name : split(text, ',')) {
    const auto before = verdicts_.size();
    for (const auto& entry : verdict_kinds()) {
      if (entry.name == name || (name == kAnyCollapse && entry.collapse)) verdicts_.push_back(entry.kind);
    }
    if (verdicts_.size() == before) {
      throw InputError(option, "'" + name + "' is no verdict",
                       std::string("allowed: ") + kAnyCollapse + ", " + join(verdict_kinds().names()));
    }
  }
  on_ = option + " " + text;
}

std::vector<std::string> Gates::measures() const {
  std::vector<std::string> names;
  for (const auto& bound : bounds_) names.push_back(bound.measure);
  return names;
}

bool Gates::fails_on(Verdict::Kind kind) const {
  return std::find(verdicts_.begin(), verdicts_.end(), kind) != verdicts_.end();
}

void Gates::check_for_training(const std::string& options) const {
  for (const auto& bound : bounds_) {
    if (measure_kinds().at(bound.measure).from == MeasureKind::From::kUncentred) {
      throw InputError(bound.option, bound.measure + " is not measured while a network is trained",
                       "it needs rows that are not centred, of which the monitor keeps nothing");
    }
  }
  if (fails_on(Verdict::Kind::kTooFewRows)) {
    throw InputError(options + "-on", "too-few-rows is no verdict of a training",
                     "nothing is judged before the monitor has seen enough rows");
  }
}

std::vector<GateResult> Gates::results(const SpectrumSummary& summary, const Verdict& verdict) const {
  std::vector<GateResult> all;
  for (const auto& bound : bounds_) {
    const MeasureKind& kind = measure_kinds().at(bound.measure);
    const double value = kind.value(summary);
    const std::string reason = reason_of(kind, summary);
    const double limit = bound.value * (bound.of_dimensions ? static_cast<double>(summary.dimensions()) : 1);
    GateResult& result = all.emplace_back();
    result.gate =
        bound.option + " " + bound.measure + "=" + format_number(bound.value) + (bound.of_dimensions ? "D" : "");
    result.found = reason.empty() ? format("%.4g", value) : "no value: " + reason;
    result.passed = reason.empty() && (bound.ceiling ? value <= limit : value >= limit);
    const char* relation = result.passed ? "within" : bound.ceiling ? "over" : "under";
    result.text = reason.empty() ? format("%s is %.4g, %s %.4g", bound.measure.c_str(), value, relation, limit)
                                 : bound.measure + " has " + result.found;
    result.text += " (" + bound.option + ")";
  }
  if (!verdicts_.empty()) {
    all.push_back({on_, verdict.name(), !fails_on(verdict.kind),
                   "the verdict is " + verdict.name() + " (" + on_ + "): " + verdict.text});
  }
  return all;
}

std::vector<std::string> failures(const std::vector<GateResult>& results) {
  std::vector<std::string> texts;
  for (const auto& result : results) {
    if (!result.passed) texts.push_back(result.text);
  }
  return texts;
}

Json json_of(const std::vector<GateResult>& results) {
  Json list = Json::array();
  for (const auto& result : results) {
    list.push_back({{"gate", result.gate}, {"found", result.found}, {"passed", result.passed}});
  }
  return list;
}

GateFailure::GateFailure(std::vector<std::string> failed) : Error(join(failed, "; ")), lines_(std::move(failed)) {}

}  // namespace directclr::spectrum
