#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/paper/figure_result.h"
#include "directclr/paper/suite_results.h"

namespace directclr::paper {

/// One way to stand between encoder and loss, as one row or curve of the paper.
struct Variant {
  std::string name;   ///< "direct-90": the same name is the same run, whichever suite asks for it
  std::string label;  ///< "DirectCLR (d0 = 90)"
  std::vector<std::pair<std::string, std::string>> settings;  ///< on top of the scale's
  std::string dims = "";                                      ///< columns that are probed alone, too
};

// The variants of Tables 1 and 2, Appendix F and Figure 12.
Variant no_projector();
Variant mlp();
Variant linear();
Variant orthogonal();
Variant diagonal();
Variant fixed_low_rank(int64_t d0);
Variant direct(int64_t d0);
Variant random_dropout(int64_t d0);

/// What a table or figure came to here, ready to be shown.
struct SuiteResult {
  std::string name;
  std::string title;
  std::string paper;  ///< what the paper's shows, with its protocol: a sentence
  /// Tables of text: the first row is the head, the first column names the row.
  struct Table {
    std::string caption;
    std::vector<std::vector<std::string>> rows;
  };
  std::vector<Table> tables = {};
  std::vector<std::string> findings = {};  ///< what ours shows: sentences made from the numbers
  std::vector<Drawing> drawings = {};

  /// Draws into folder/NAME.{csv,gp,svg}, NAME being the suite's, with title, protocol and findings in the csv, and
  /// keeps the picture. Throws Error.
  void draw(const SuiteResults& results, report::Figure figure, const std::filesystem::path& folder,
            const std::string& caption);
};

/// One table or figure of the paper: which runs it needs and how it is shown. One file each.
struct Suite {
  std::string name;
  std::string title;
  std::vector<Variant> (*variants)(const Widths& widths);
  /// Draws into `figures` and may find runs missing or failed: then it says so.
  SuiteResult (*present)(const SuiteResults& results, const std::filesystem::path& figures);
};

const Suite& table1();
const Suite& table2();
const Suite& appendix_f();
const Suite& figure2();
const Suite& figure7();
const Suite& figure9();
const Suite& figure12();

/// All of them, in the paper's order.
std::vector<const Suite*> all_suites();

/// The suites of that name ("all": every one). Throws InputError, naming the nearest.
std::vector<const Suite*> suites_named(const std::string& name);

}  // namespace directclr::paper
