#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::experiment {

/// The widths that decide which runs a suite has.
struct Widths {
  int64_t representation = 0;  ///< D
  int64_t d0 = 0;              ///< of DirectCLR and its relatives
  std::vector<int64_t> sweep;  ///< values of d0 in sweeps over it, ascending; D stands for no projector; may be empty
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

/// What a variant was: its settings on top of those that all have in common.
struct VariantRecord {
  std::string name;
  std::string label;
  std::map<std::string, std::string> settings;
};

/// The text of that name, "?" where there is none.
std::string value_of(const std::map<std::string, std::string>& texts, const std::string& name);

/// Everything that the pages of an experiment are made from. One small file, so that they can be made anew anywhere.
struct Results {
  std::string scale;  ///< name of the scale; empty: settings of the user's own
  std::string data;
  int64_t images = 0;  ///< training images
  int64_t test_images = 0;
  Widths widths;
  std::string made_by;  ///< command line
  std::string version;
  std::map<std::string, std::string> machine;     ///< processor, device, precision, threads
  std::map<std::string, std::string> settings;    ///< training settings that no variant sets
  std::map<std::string, std::string> evaluation;  ///< likewise
  std::vector<VariantRecord> variants;            ///< empty in files of earlier versions
  std::vector<RunRecord> runs;

  /// The runs of a variant, by seed.
  std::vector<const RunRecord*> of(const std::string& variant) const;
  /// "CIFAR-10 ..., 40 epochs, batch 256, ...": how the numbers were obtained, one line.
  std::string protocol() const;

  /// Takes over the runs of a file that was made elsewhere: with the same scale, settings and kind of data. A run that
  /// has no result here yet gets the other's. Throws InputError saying what differs, or which run both have a result
  /// of.
  void add(const Results& other);

  std::string to_json() const;
  /// Throws InputError naming the file when it is damaged or of another version.
  static Results read(const std::filesystem::path& path);
};

}  // namespace directclr::experiment
