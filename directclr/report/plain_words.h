#pragma once

#include <string>

#include "directclr/core/plain_numbers.h"
#include "directclr/report/spectrum_result.h"

namespace directclr::report {

/// A verdict for somebody who does not know the paper: one sentence, which names the paper's term.
/// `of` is what the directions are of: " of the representation", or empty.
std::string plain_verdict(const SpectrumResult& spectrum, const std::string& of);

/// The answer to "Is it collapsed?": yes, no or not known, the verdict, and why it was given.
std::string is_it_collapsed(const SpectrumResult& spectrum);

/// The number of the first screen, "158 of 256", and what it counts, "directions are dead".
struct HeadNumber {
  std::string number;
  std::string counts;
};
HeadNumber head_number(const SpectrumResult& spectrum);

/// When a direction is dead: a sentence.
std::string dead_text(const SpectrumResult& spectrum);

/// The effective rank and what it would be at most: a sentence.
std::string effective_rank_text(const SpectrumResult& spectrum);

/// The effective rank, and how many columns never vary: sentences.
std::string own_terms_of(const SpectrumResult& spectrum);

/// When a direction is dead, and own_terms_of: sentences.
std::string terms_of(const SpectrumResult& spectrum);

/// "good", "bad" or "open": the mood of a verdict, a class of the page's style.
std::string mood_of(const SpectrumResult& spectrum);

}  // namespace directclr::report
