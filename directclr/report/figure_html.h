#pragma once

#include <filesystem>
#include <string>

#include "directclr/report/figures.h"
#include "directclr/spectrum/spectra_log.h"

namespace directclr::report {

/// A figure as a part of a page: its numbers, from which the page's script (page/page.js) draws it in the width that
/// there is, the picture that stands in its place where scripts do not run, and a caption (text). Its id is
/// "figure-NAME". Also writes DIRECTORY/NAME.{csv,gp,svg}; of an empty
/// `directory` nothing is written, and there is no picture for readers without scripts. Throws Error when gnuplot
/// fails.
std::string figure_html(const Figure& figure, const std::filesystem::path& directory, const std::string& name,
                        const std::string& caption);
std::string figure_html(const HeatMap& map, const std::filesystem::path& directory, const std::string& name,
                        const std::string& caption);

/// The spectra of a training as a film: a slider over its steps, of which no more than `most` are taken, the spectrum
/// at that step, and a map of all. Checkpoints would show nothing that is not here: each lies within --log-every steps
/// of a logged spectrum, and of all but the newest two and the best only the log is left. The pictures in DIRECTORY are
/// maps of r (NAME) and z (NAME-z). `color`: of the curve, a number of the palette. Requires steps.
std::string film_html(const spectrum::SpectraLog& log, const std::string& title, size_t color, double dead_below,
                      const std::filesystem::path& directory, const std::string& name, const std::string& caption,
                      size_t most = 120);

}  // namespace directclr::report
