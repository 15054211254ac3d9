#pragma once

#include <memory>
#include <string>

#include "directclr/core/progress.h"
#include "directclr/data/source.h"

namespace directclr::data {

/// The images of a source that have a label; the source itself where all have one.
std::unique_ptr<Source> labelled_part(std::unique_ptr<Source> source);

/// Test images with the class numbers of the training images: classes are matched by name. Where one of the two has no
/// classes, `test` as it is. Says through `notice` of which classes there are no test images. Throws
/// InputError(`where`) naming the classes of test images that the training images lack.
std::unique_ptr<Source> with_classes_of(const Source& train, std::unique_ptr<Source> test, const std::string& where,
                                        const NoticeSink& notice);

}  // namespace directclr::data
