#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/experiment/drawing.h"
#include "directclr/report/figures.h"

namespace directclr::paper {

/// What the paper says about a figure, and whether this run shows it: computed from the run's numbers.
struct Claim {
  std::string text;
  bool shown = false;
  std::string evidence;  ///< the numbers
};

using experiment::Drawing;

/// A figure of the paper as obtained here.
struct FigureResult {
  std::string name;   ///< "fig3"
  std::string title;  ///< "Figure 3: strong augmentation makes singular values vanish"
  std::string protocol;
  std::string reading;  ///< how to read it
  std::vector<Claim> claims = {};
  std::vector<std::string> remarks = {};  ///< what is missing, said wherever the claims are
  std::vector<Drawing> drawings = {};

  /// The protocol and the claims as lines, for the csv beside each picture.
  std::vector<std::string> notes() const;
  /// Draws into directory/name.{csv,gp,svg} with the notes in the csv, and keeps the picture. Throws Error.
  void draw(report::Figure figure, const std::filesystem::path& directory, const std::string& name,
            const std::string& caption);
  void draw(report::HeatMap map, const std::filesystem::path& directory, const std::string& name,
            const std::string& caption);
  /// Protocol and claims as one JSON object.
  std::string to_json() const;
  /// The same as text for a terminal.
  std::string to_text() const;
};

/// Mean, smallest and largest of each position over runs of equal length: a curve with a band.
report::Series band(const std::string& name, const std::vector<double>& x,
                    const std::vector<std::vector<double>>& runs);

}  // namespace directclr::paper
