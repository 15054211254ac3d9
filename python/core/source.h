#pragma once

#include <memory>
#include <string>

#include "convert.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"

namespace directclr::python {

/// A data set and the text that it was opened by.
struct Opened {
  std::string text;
  std::shared_ptr<data::Source> source;
};

/// The augmentation that `given` and the preset (empty: what suits the data) describe. Throws InputError.
data::AugmentSettings augment_of(const Opened& data, const nb::dict& given, const std::string& preset);

}  // namespace directclr::python
