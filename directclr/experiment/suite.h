#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "directclr/experiment/drawing.h"
#include "directclr/experiment/results.h"
#include "directclr/experiment/variant.h"
#include "directclr/report/figures.h"

namespace directclr::experiment {

/// What a suite came to: a part of the page, ready to be shown.
struct Section {
  std::string name;   ///< the suite's, and the first part of its pictures' file names
  std::string title;  ///< the suite's
  std::string published =
      "";  ///< what a publication shows, with its protocol: a sentence; empty: nothing to set beside
  /// Tables of text: the first row is the head, the first column names the row.
  struct Table {
    std::string caption;
    std::vector<std::vector<std::string>> rows;
  };
  std::vector<Table> tables = {};
  std::vector<std::string> findings = {};  ///< what ours shows: sentences made from the numbers
  std::vector<Drawing> drawings = {};

  /// Draws into folder/NAME.{csv,gp,svg}, NAME being the section's and `suffix`, with title, protocol and findings in
  /// the csv, and keeps the picture. Throws Error.
  void draw(const Results& results, report::Figure figure, const std::filesystem::path& folder,
            const std::string& caption, const std::string& suffix = "");
};

/// A table or figure: which runs it needs and how it is shown.
struct Suite {
  std::string name;       ///< on the command line: "fig12"
  std::string help;       ///< a few words for --help
  std::string title;      ///< heading of its section
  std::string published;  ///< as in Section
  /// The variants that it needs. Empty function: it needs none, and is about whatever was run.
  std::function<std::vector<Variant>(const Widths& widths)> variants;
  /// Fills the tables, findings and drawings of a section whose name, title and `published` are set; pictures go into
  /// the folder. Runs may be missing or have failed: then it says so. Throws Error when a picture cannot be drawn.
  std::function<void(Section& section, const Results& results, const std::filesystem::path& figures)> present;
};

/// The sections of the suites of which the results hold a run, or which need none and have tables, in order.
std::vector<Section> present(const std::vector<Suite>& suites, const Results& results,
                             const std::filesystem::path& figures);

}  // namespace directclr::experiment
