#include "directclr/report/plain_words.h"

#include <cmath>

#include "directclr/core/text.h"

namespace directclr::report {
namespace {

using Kind = spectrum::Verdict::Kind;

bool few_rows(const SpectrumResult& s) {
  return static_cast<double>(s.samples) < s.lines.rows_per_dimension * static_cast<double>(s.dimensions());
}

std::string and_one_way(const SpectrumResult& s) {
  return spectrum::angular_spread(s) < s.lines.one_direction_below ? ", and all rows point almost the same way" : "";
}

}  // namespace

std::string plain_verdict(const SpectrumResult& s, const std::string& of) {
  const std::string dead = count_text(s.verdict.dead), all = count_text(s.dimensions());
  const std::string share = share_text(s.lines.dead_below);
  switch (s.verdict.kind) {
    case Kind::kCompleteCollapse:
      return "Every row" + of + " is the same: complete collapse. Nothing is left to tell one input from another.";
    case Kind::kDimensionalCollapse:
      return (few_rows(s) ? "At least " : "") + dead + " of " + all + " directions" + of +
             (s.verdict.dead == 1 ? " carries" : " carry") + " less than " + share + " of the largest variance" +
             and_one_way(s) + ": dimensional collapse.";
    case Kind::kTooFewRows:
      return counted(s.samples, "row") + " " + are(s.samples) + " too few to say how many of the " + all +
             " directions" + of + " are in use.";
    case Kind::kTooCoarse:
      return "The numbers are rounded too coarsely to say how many of the " + counted(s.dimensions(), "direction") +
             of + " are in use.";
    case Kind::kOneDirection:
      return "All rows" + of + " point almost the same way: they differ little beside what they have in common.";
    case Kind::kHealthy: break;
  }
  if (s.dimensions() == 1) return "The only direction" + of + " is in use: no collapse.";
  if (s.verdict.dead == 0) return "All " + all + " directions" + of + " are in use: no collapse.";
  return count_text(s.dimensions() - s.verdict.dead) + " of " + all + " directions" + of + " are in use: no collapse.";
}

std::string is_it_collapsed(const SpectrumResult& s) {
  const std::string mood = mood_of(s);
  const char* yes_or_no = mood == "bad" ? "Yes: " : mood == "good" ? "No: " : "Not known: ";
  return yes_or_no + s.verdict.name() + ". " + first_upper(s.verdict.text) + ".";
}

HeadNumber head_number(const SpectrumResult& s) {
  const std::string all = " of " + count_text(s.dimensions());
  switch (s.verdict.kind) {
    case Kind::kCompleteCollapse: return {"0" + all, "directions vary"};
    case Kind::kTooFewRows:
      return {
          count_text(s.samples),
          "rows, of at least " +
              count_text(std::llround(std::ceil(s.lines.rows_per_dimension * static_cast<double>(s.dimensions())))) +
              " that it takes"};
    case Kind::kOneDirection:
      return {format("%.2g", spectrum::angular_spread(s)),
              "from their mean lie the rows' directions (1: spread evenly)"};
    case Kind::kTooCoarse:
      return {count_text(spectrum::hidden_at(s, s.lines.dead_below)) + all,
              plural(s.dimensions(), "direction") + " may be made by rounding alone"};
    case Kind::kDimensionalCollapse:
      return {(few_rows(s) ? "≥ " : "") + count_text(s.verdict.dead) + all,
              std::string("directions ") + are(s.verdict.dead) + " dead"};
    case Kind::kHealthy: break;
  }
  const int64_t live = s.dimensions() - s.verdict.dead;
  return {count_text(live) + all, plural(s.dimensions(), "direction") + " " + are(live) + " in use"};
}

std::string dead_text(const SpectrumResult& s) {
  return "Dead: with a variance under " + share_text(s.lines.dead_below) + " of the strongest direction's.";
}

std::string effective_rank_text(const SpectrumResult& s) {
  const std::string all = count_text(s.dimensions());
  return format("Effective rank: %.1f of ", s.effective_rank_lambda) + all + " (" + all +
         " would mean that all directions are used alike).";
}

std::string own_terms_of(const SpectrumResult& s) {
  if (s.verdict.kind == Kind::kCompleteCollapse) return "The covariance of the rows is 0.";
  std::string text = effective_rank_text(s);
  const auto constant = static_cast<int64_t>(s.constant.size());
  if (constant > 0) text += " " + counted(constant, "column") + (constant == 1 ? " never varies." : " never vary.");
  return text;
}

std::string terms_of(const SpectrumResult& s) {
  return (s.verdict.kind == Kind::kCompleteCollapse ? "" : dead_text(s) + " ") + own_terms_of(s);
}

std::string mood_of(const SpectrumResult& s) {
  if (s.verdict.kind == Kind::kHealthy) return "good";
  return spectrum::entry_of(s.verdict.kind).tells ? "bad" : "open";
}

}  // namespace directclr::report
