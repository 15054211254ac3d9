#pragma once

#include <filesystem>
#include <string>

#include "directclr/report/finding.h"
#include "directclr/report/spectrum_result.h"

namespace directclr::report {

/// Where a spectrum's files go, and under which names.
struct SpectrumFiles {
  std::filesystem::path folder;  ///< empty: nothing is written
  std::string name;              ///< of folder/name.{json,csv,gp,svg}
  std::string curve;             ///< in the figure's key
};

/// Writes a spectrum's result file and figure and says what it is; the eigenvalues are left out of the object where a
/// file holds them. Throws InputError when a file cannot be written, Error when gnuplot fails.
Finding write_spectrum(const std::string& title, const SpectrumResult& result, const SpectrumFiles& files);

/// "left out, not finite: rows 3, 17 (counted from 0)"; of a run images. Empty where all rows were taken.
std::string left_out_text(const SpectrumResult& result);

/// All measures of a result, a line each, with standard errors where there are any; `explain` adds definitions and
/// caveats.
std::string measures_text(const SpectrumResult& result, bool explain);

}  // namespace directclr::report
