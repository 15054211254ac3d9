#include "directclr/report/explanation_result.h"

#include <concepts>
#include <type_traits>

#include "directclr/core/files.h"
#include "directclr/report/json_members.h"
#include "directclr/report/result_file.h"

namespace directclr::report {
namespace {

using Result = ExplanationResult;

constexpr int64_t kExplanationVersion = 2;

// The members of each part with their keys, in the file's order. A part is const where it is written.
template <class T, class Part>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Part>;

void each(MaybeConst<Result::Conclusion> auto& c, auto visit) {
  visit("finding", c.finding);
  visit("confidence", c.confidence);
  visit("for", c.supporting);
  visit("against", c.opposing);
  visit("beside", c.beside);
}

void each(MaybeConst<Result::State> auto& s, auto visit) {
  visit("verdict", s.verdict);
  visit("text", s.text);
  visit("dead", s.dead);
  visit("dimensions", s.dimensions);
}

void each(MaybeConst<Result::Contrast> auto& c, auto visit) {
  visit("layer", c.layer);
  visit("undecided", c.undecided);
  visit("negative", c.negative);
  visit("negative_held_out", c.negative_held_out);
  visit("negative_for_certain", c.negative_for_certain);
  visit("eigenvalues", c.eigenvalues);
  visit("held_out", c.held_out);
  visit("standard_error", c.standard_error);
  visit("data_along", c.data_along);
  visit("augmentation_along", c.augmentation_along);
  visit("certain", c.certain);
}

void each(MaybeConst<Result::Eqn2> auto& e, auto visit) {
  visit("undecided", e.undecided);
  visit("negative", e.negative);
  visit("negative_for_certain", e.negative_for_certain);
  visit("eigenvalues", e.eigenvalues);
}

void each(MaybeConst<Result::Attribution> auto& a, auto visit) {
  visit("name", a.name);
  visit("share", a.share);
  visit("weak_share", a.weak_share);
}

void each(MaybeConst<Result::Example> auto& e, auto visit) {
  visit("image", e.image);
  visit("times_mean", e.times_mean);
}

void each(MaybeConst<Result::Growth> auto& g, auto visit) {
  visit("singular", g.singular);
  visit("size", g.size);
  visit("exact", g.exact);
  visit("standard_error", g.standard_error);
  visit("lemma2", g.lemma2);
  visit("rank_correlation", g.rank_correlation);
  visit("signs_differ", g.signs_differ);
  visit("shrinking", g.shrinking);
}

void each(MaybeConst<Result::Alignment> auto& a, auto visit) {
  visit("name", a.name);
  visit("between", a.between);
  visit("leading_diagonal", a.leading_diagonal);
  visit("off_diagonal", a.off_diagonal);
  visit("chance", a.chance);
  visit("first", a.first);
  visit("second", a.second);
  visit("leading", a.leading);
}

void each(MaybeConst<Result::FirstLayer> auto& f, auto visit) {
  visit("size", f.size);
  visit("exact", f.exact);
  visit("standard_error", f.standard_error);
  visit("theorem3", f.theorem3);
  visit("rank_correlation", f.rank_correlation);
  visit("signs_differ", f.signs_differ);
}

template <class Part>
Json object_of(const Part& part) {
  Json object = Json::object();
  each(part, MemberWriter{object});
  return object;
}

template <class Part>
Json list_of(const std::vector<Part>& parts) {
  Json list = Json::array();
  for (const auto& part : parts) list.push_back(object_of(part));
  return list;
}

template <class Part>
void read_part(const Json& object, Part& part) {
  each(part, MemberReader{object});
}

template <class Part>
void read_list(const Json& list, std::vector<Part>& parts) {
  for (const auto& object : list) read_part(object, parts.emplace_back());
}

template <class Part>
void read_optional(const Json* object, std::optional<Part>& part) {
  if (object) read_part(*object, *(part = Part()));
}

}  // namespace

std::vector<std::string> lines_of(const ExplanationResult::Conclusion& c) {
  std::vector<std::string> lines;
  if (c.confidence == "none") {
    if (!c.finding.empty()) lines.push_back(c.finding + ".");
  } else {
    lines.push_back("Finding (confidence " + c.confidence + "): " + c.finding + ".");
  }
  const auto add = [&](const char* side, const std::vector<std::string>& sentences) {
    for (const auto& sentence : sentences) lines.push_back(side + sentence + ".");
  };
  add("For: ", c.supporting);
  add("Against: ", c.opposing);
  add("Beside: ", c.beside);
  return lines;
}

Json json_of(const ExplanationResult& e) {
  Json object = {{"version", kExplanationVersion},        {"images", e.images},  {"batch", e.batch},
                 {"conclusion", object_of(e.conclusion)}, {"x", object_of(e.x)}, {"x_eqn2", object_of(e.x_eqn2)}};
  if (e.r) object["r"] = object_of(*e.r);
  if (e.x_representation) object["x_representation"] = object_of(*e.x_representation);
  object["weak"] = {{"count", e.weak_count}, {"share", e.weak_share}};
  object["attribution_images"] = e.attribution_images;
  object["attribution"] = list_of(e.attribution);
  object["examples"] = list_of(e.examples);
  object["growth"] = object_of(e.growth);
  object["alignments"] = list_of(e.alignments);
  if (e.first_layer) object["first_layer"] = object_of(*e.first_layer);
  object["protocol"] = e.protocol;
  return object;
}

ExplanationResult read_explanation(const Json& object) {
  ExplanationResult e;
  const MemberReader read{object};
  read("images", e.images);
  read("batch", e.batch);
  if (const Json* conclusion = object.find("conclusion")) {
    read_part(*conclusion, e.conclusion);
  } else {
    e.conclusion.confidence = "none";
    read("reading", e.conclusion.beside);
  }
  read_part(object.at("x"), e.x);
  read_part(object.at("x_eqn2"), e.x_eqn2);
  read_optional(object.find("r"), e.r);
  read_optional(object.find("x_representation"), e.x_representation);
  const MemberReader read_weak{object.at("weak")};
  read_weak("count", e.weak_count);
  read_weak("share", e.weak_share);
  read("attribution_images", e.attribution_images);
  read_list(object.at("attribution"), e.attribution);
  read_list(object.at("examples"), e.examples);
  read_part(object.at("growth"), e.growth);
  read_list(object.at("alignments"), e.alignments);
  read_optional(object.find("first_layer"), e.first_layer);
  e.protocol = object.at("protocol");
  return e;
}

void write_explanation(const std::filesystem::path& file, const ExplanationResult& result) {
  write_file(file, json_of(result).dump(1) + "\n");
}

ExplanationResult read_explanation(const std::filesystem::path& file) {
  return read_result(file, kExplanationVersion, [](const Json& object) { return read_explanation(object); });
}

}  // namespace directclr::report
