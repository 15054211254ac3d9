#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::paper {

/// The sizes that decide which runs a suite has.
struct Widths {
  int64_t representation = 0;  ///< D
  int64_t d0 = 0;              ///< of DirectCLR and its relatives
  std::vector<int64_t> sweep;  ///< Figure 12's values of d0, ascending; D stands for no projector
};

/// The problem of a run that nobody has started, or that is not finished.
inline constexpr const char* kNotRun = "not run";

/// What one run came to.
struct RunRecord {
  std::string variant;  ///< Variant::name
  int64_t seed = 0;
  std::string id;                              ///< name of its directory
  std::string problem;                         ///< why there is no result; empty when there is
  double top1 = 0;                             ///< linear probe of the representation, share of the test images
  double knn = 0;                              ///< k-NN
  std::map<std::string, double> columns_top1;  ///< probe of some columns alone, by "FIRST:END"
  std::map<std::string, report::SpectrumResult> spectra;  ///< by layer; effective ranks from the values
  double train_seconds = 0;
  double evaluation_seconds = 0;

  bool good() const { return problem.empty(); }
};

/// The text of that name, "?" where there is none.
std::string value_of(const std::map<std::string, std::string>& texts, const std::string& name);

/// Everything that the pages of a suite are made from. One small file, so that they can be made anew anywhere.
struct SuiteResults {
  std::string scale;
  std::string data;
  int64_t images = 0;  ///< training images
  int64_t test_images = 0;
  Widths widths;
  std::string made_by;  ///< command line
  std::string version;
  std::map<std::string, std::string> machine;     ///< processor, device, precision, threads
  std::map<std::string, std::string> settings;    ///< what all runs have in common
  std::map<std::string, std::string> evaluation;  ///< likewise
  std::vector<RunRecord> runs;

  /// The runs of a variant, by seed.
  std::vector<const RunRecord*> of(const std::string& variant) const;
  /// "CIFAR-10 ..., 40 epochs, batch 256, ...": how the numbers were obtained, one line.
  std::string protocol() const;

  /// Takes over the runs of a file that was made elsewhere: with the same scale, settings and kind of data. A run that
  /// has no result here yet gets the other's. Throws InputError saying what differs, or which run both have a result
  /// of.
  void add(const SuiteResults& other);

  std::string to_json() const;
  /// Throws InputError naming the file when it is damaged or of another version.
  static SuiteResults read(const std::filesystem::path& path);
};

}  // namespace directclr::paper
