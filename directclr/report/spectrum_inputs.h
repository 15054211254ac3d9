#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"
#include "directclr/report/spectrum_comparison.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/spectrum_settings.h"
#include "directclr/report/spectrum_text.h"

namespace directclr::report {

/// One input, measured: the rows of a file, or of a layer of a run.
struct MeasuredInput {
  SpectrumResult result;
  array::Array rows;                      ///< (N, D), where the settings ask for their comparison
  std::filesystem::path path;             ///< as it was given
  std::string name;                       ///< "features.npy", the run's folder
  std::string title;                      ///< of the text that is printed
  SpectrumFiles own_files;                ///< where a run keeps its spectra; of a file none
  std::shared_ptr<const void> hold = {};  ///< what keeps others from writing there meanwhile
};

/// Reads a file of embeddings (io/row_reader.h) and measures it. Throws InputError and NumericalError, which name the
/// file, and Interrupted.
MeasuredInput measure_file(const std::filesystem::path& path, const SpectrumSettings& settings, const Context& context);

/// The inputs of one `directclr spectrum`, one after the other: their files, how alike they are, the gates that they
/// must pass, and the page of all.
class SpectrumInputs {
 public:
  /// `count`: how many inputs will come. `out`: folder for files and page; empty: none. Throws InputError for gates or
  /// a tool that are not known, before any work.
  SpectrumInputs(const SpectrumSettings& settings, size_t count, std::filesystem::path out);

  /// Writes the input's files and gives what is to be printed: its spectrum, then how alike it is to each before it.
  std::vector<Finding> add(MeasuredInput input);

  /// All that add() gave as one object: of a single input its own, else {"inputs": [..], "comparisons": [..]}.
  Json object() const;

  /// Whether the inputs so far have files in `out`.
  bool has_page() const { return !files_.empty(); }
  /// Writes out/index.html of all inputs. Throws Error when gnuplot fails.
  void write_page() const;

  /// A line for each gate that an input did not pass.
  const std::vector<std::string>& failed() const { return failed_; }

 private:
  std::string file_name(const std::filesystem::path& path);

  SpectrumSettings settings_;
  spectrum::Gates gates_;
  size_t count_;
  std::filesystem::path out_;
  std::vector<ComparedRows> compared_;
  std::vector<std::string> failed_;
  Json inputs_ = Json::array(), comparisons_ = Json::array();
  std::vector<std::string> files_;  // names in `out`
};

}  // namespace directclr::report
