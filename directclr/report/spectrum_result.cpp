#include "directclr/report/spectrum_result.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "directclr/core/files.h"
#include "directclr/report/json_members.h"
#include "directclr/report/result_file.h"
#include "directclr/spectrum/measures.h"

namespace directclr::report {
namespace {

using spectrum::Measure;

constexpr int64_t kSpectrumVersion = 2;

// Reads what spectrum::measures_object wrote, in any order, and what the first version called otherwise. What is not
// there is not a number, or stays as it is.
void read_members(const Json& object, SpectrumResult& s) {
  const MemberReader read{object, /*optional=*/true};
  const auto read_named = [&](const char* name, const char* formerly, auto& value) {
    read(object.contains(name) ? name : formerly, value);
  };
  read_named("effective-rank-sigma", "effective_rank_sigma", s.effective_rank_sigma);
  read_named("effective-rank", "effective_rank_lambda", s.effective_rank_lambda);
  read("rankme", s.rankme);
  read_named("participation-ratio", "participation_ratio", s.participation_ratio);
  read_named("stable-rank", "stable_rank", s.stable_rank);
  read_named("cumulative-area", "cumulative_area", s.cumulative_area);
  read_named("condition-number", "condition_number", s.condition_number);  // infinite: null
  read("alpha", s.power_law.alpha);
  read_named("alpha-r2", "alpha_r2", s.power_law.r2);
  if (const Json* ranks = object.find(object.contains("alpha-ranks") ? "alpha-ranks" : "alpha_ranks")) {
    s.power_law.first = ranks->at(0).get<int64_t>();
    s.power_law.last = ranks->at(1).get<int64_t>();
  }
  read_named("normalized-std", "normalized_std", s.normalized_std);
  read_named("mean-cosine", "mean_cosine", s.mean_cosine);
  read("direction-spread", s.direction_spread);
  read_named("constant-dimensions", "constant_dimensions", s.constant);
  s.floor = object.value("rounding_floor", 0.0);
}

spectrum::Verdict read_verdict(const Json& object, const SpectrumResult& result) {
  spectrum::Verdict verdict = spectrum::verdict(result, result.lines);
  const auto name = object.at("kind").get<std::string>();
  const auto& kinds = spectrum::verdict_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) { return entry.text == name; });
  if (kind == kinds.end()) throw JsonError("there is no verdict '" + name + "'");
  verdict.kind = kind->kind;
  verdict.text = object.at("text").get<std::string>();
  return verdict;
}

Json values_by_name(const std::vector<Measure>& measures) {
  Json object = Json::object();
  for (const auto& measure : measures) object[measure.name] = measure.value;
  return object;
}

std::vector<Measure> read_values(const Json& result, const char* key) {
  std::vector<Measure> measures;
  const Json* object = result.find(key);
  if (!object) return measures;
  for (const auto& [name, value] : object->items()) {
    Measure& measure = measures.emplace_back();
    measure.name = name;
    measure.value = number_or(*object, name, NAN);
    if (const Json* reasons = result.find("reasons")) measure.reason = reasons->value(name, "");
  }
  return measures;
}

// Takes a member of the protocol out of it.
template <class T>
T taken(Json& protocol, const char* key, T otherwise) {
  T value = protocol.value(key, std::move(otherwise));
  protocol.erase(key);
  return value;
}

}  // namespace

SpectrumResult spectrum_result(const spectrum::SpectrumSummary& summary, const spectrum::VerdictSettings& lines,
                               Json protocol) {
  SpectrumResult result;
  static_cast<spectrum::SpectrumSummary&>(result) = summary;
  result.lines = lines;
  result.verdict = spectrum::verdict(summary, lines);
  result.protocol = std::move(protocol);
  return result;
}

SpectrumResult spectrum_result(const spectrum::Analysis& analysis, const spectrum::VerdictSettings& lines,
                               Json protocol) {
  SpectrumResult result = spectrum_result(analysis.summary, lines, std::move(protocol));
  result.skipped_rows = analysis.skipped_rows;
  result.jackknife = analysis.jackknife;
  result.compat = analysis.compatible;
  result.geometry = analysis.geometry;
  return result;
}

Json protocol_of(const SpectrumResult& s) {
  Json protocol = s.protocol;
  if (!s.layer.empty()) protocol["layer"] = s.layer;
  if (!s.split.empty()) protocol["split"] = s.split;
  protocol["samples"] = s.samples;
  protocol["skipped_rows"] = s.skipped;
  if (s.skipped > 0) protocol["skipped_row_numbers"] = s.skipped_rows;
  protocol["l2_normalized"] = s.l2_normalized;
  protocol["matrix"] = "covariance, centred, divided by N (Eqn 1)";
  return protocol;
}

Json json_of(const SpectrumResult& s) {
  Json object = {{"version", kSpectrumVersion},
                 {"verdict",
                  {{"kind", s.verdict.name()},
                   {"text", s.verdict.text},
                   {"dead_below", s.lines.dead_below},
                   {"collapsed_share", s.lines.collapsed_share},
                   {"one_direction_below", s.lines.one_direction_below},
                   {"rows_per_dimension", s.lines.rows_per_dimension}}}};
  const Json measures = spectrum::measures_object(s);
  for (const auto& [key, value] : measures.items()) object[key] = value;
  object["dimensions"] = s.dimensions();
  object["singular_values"] = s.values;
  object["rounding_floor"] = s.floor;
  object["protocol"] = protocol_of(s);
  for (const auto* further : {&s.compat, &s.geometry}) {
    for (const auto& measure : *further) {
      if (!measure.reason.empty()) object["reasons"][measure.name] = measure.reason;
    }
  }
  for (const auto& estimate : s.jackknife) {
    object["jackknife"][estimate.measure] = {{"standard_error", estimate.standard_error}, {"bias", estimate.bias}};
  }
  if (!s.compat.empty()) object["compat"] = values_by_name(s.compat);
  if (!s.geometry.empty()) object["geometry"] = values_by_name(s.geometry);
  return object;
}

SpectrumResult read_spectrum_result(const Json& object) {
  SpectrumResult s;
  s.values = object.at("singular_values").get<std::vector<double>>();
  s.below_1e_2 = spectrum::count_below(s.values, 1e-2);
  s.below_1e_4 = spectrum::count_below(s.values, 1e-4);
  s.below_1e_6 = spectrum::count_below(s.values, 1e-6);
  read_members(object, s);
  if (std::isnan(s.condition_number)) s.condition_number = spectrum::condition_number(s.values, s.floor);
  s.protocol = object.at("protocol");
  s.layer = taken<std::string>(s.protocol, "layer", "");
  s.split = taken<std::string>(s.protocol, "split", "");
  s.samples = taken<int64_t>(s.protocol, "samples", 0);
  s.skipped = taken<int64_t>(s.protocol, "skipped_rows", 0);
  s.skipped_rows = taken<std::vector<int64_t>>(s.protocol, "skipped_row_numbers", {});
  s.l2_normalized = taken(s.protocol, "l2_normalized", false);
  s.protocol.erase("matrix");
  if (const Json* verdict = object.find("verdict")) {
    for (const auto& [key, line] :
         {std::pair("dead_below", &s.lines.dead_below), std::pair("collapsed_share", &s.lines.collapsed_share),
          std::pair("one_direction_below", &s.lines.one_direction_below),
          std::pair("rows_per_dimension", &s.lines.rows_per_dimension)}) {
      *line = verdict->value(key, *line);
    }
    s.verdict = read_verdict(*verdict, s);
  } else {
    s.verdict = spectrum::verdict(s, s.lines);
  }
  if (const Json* estimates = object.find("jackknife")) {
    for (const auto& [name, estimate] : estimates->items()) {
      s.jackknife.push_back({name, NAN, number_or(estimate, "standard_error", NAN), number_or(estimate, "bias", NAN)});
    }
  }
  s.compat = read_values(object, "compat");
  s.geometry = read_values(object, "geometry");
  return s;
}

void write_spectrum_result(const std::filesystem::path& file, const SpectrumResult& result) {
  write_file(file, json_of(result).dump(1) + "\n");
}

SpectrumResult read_spectrum_result(const std::filesystem::path& file) {
  return read_result(file, kSpectrumVersion, [](const Json& object) { return read_spectrum_result(object); });
}

}  // namespace directclr::report
