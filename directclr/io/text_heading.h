#pragma once

#include <string>

#include "directclr/io/row_settings.h"
#include "directclr/io/text_sample.h"

namespace directclr::io {

/// What the first line of a table is: a heading where it names the columns.
struct Heading {
  bool is_one = false;
  bool by_numbers = false;  ///< the names are numbers
};

/// Finds it out from what the lines below hold; settings.heading decides where it is not "auto". Throws InputError
/// where a line may be either.
Heading find_heading(const Reading& reading, const RowSettings& settings, const std::string& name);

/// Whether the first line of what follows a heading names the columns once more: the second level of a table's names,
/// or units.
bool names_once_more(const Reading& below);

}  // namespace directclr::io
