#pragma once

#include <string>

#include "directclr/report/spectrum_result.h"

namespace directclr::report {

/// A share for readers: "1/10,000" of 1e-4, "1/7" of 1/7, "0.3" of what is no such part.
std::string share_text(double share);

/// "12,345".
std::string count_text(int64_t count);

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

/// What the rank of the first dead direction is, the terms of the paper, and the effective rank in plain words:
/// sentences.
std::string terms_of(const SpectrumResult& spectrum);

/// "good", "bad" or "open": the mood of a verdict, a class of the page's style.
std::string mood_of(const SpectrumResult& spectrum);

}  // namespace directclr::report
