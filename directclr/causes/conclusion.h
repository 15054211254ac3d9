#pragma once

#include <cstdint>
#include <filesystem>

#include "directclr/causes/explanation.h"
#include "directclr/report/explanation_result.h"

namespace directclr::causes {

/// So many images, in so many batches, it takes for a conclusion about directions of this width: twice as many as
/// directions in each half of the images, and four batches in each half for the test of their signs.
int64_t images_needed(int64_t width, int64_t batch);

/// What the explanation amounts to: one finding, how sure it is, and what speaks for and against it. Of too few images
/// (images_needed) there is no finding, but how many would do.
report::ExplanationResult::Conclusion conclude(const Explanation& explanation);

/// What explain.json holds, the conclusion with it. `images`: those that were looked at; `augment`: what made their
/// views; `protocol`: how else it was obtained.
report::ExplanationResult result_of(const Explanation& explanation, const data::Source& images,
                                    const data::AugmentSettings& augment, Json protocol);

/// explain.json, examples.png (where there are examples), the figures and index.html into `folder`, which is made.
/// `notice` hears of examples that cannot be decoded. Throws InputError when a file cannot be written, Error when
/// gnuplot fails.
void write_explanation(const std::filesystem::path& folder, const Explanation& explanation,
                       const report::ExplanationResult& result, const data::Source& images,
                       const data::AugmentSettings& augment, uint64_t seed, const NoticeSink& notice);

}  // namespace directclr::causes
