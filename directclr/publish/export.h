#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "directclr/core/settings.h"
#include "directclr/core/table.h"
#include "directclr/publish/run_weights.h"

namespace directclr::publish {

/// What to export of a run.
struct ExportSettings {
  std::string format = "safetensors";
  bool projector = false;
  bool best = false;
  bool overwrite = false;

  void describe(FieldList& f);
};

/// A form in which other programs take a network.
struct ExportFormat {
  std::string name;
  std::string help;
  std::string suffix;  ///< of the file; empty: a folder
  /// Lines of Python that load it, for the model card; `name`: of the file or folder, in quotes.
  std::string (*usage)(const std::string& name, bool projector);
  /// `card`: the model card, for forms that hold one. Throws InputError for what this form cannot hold.
  std::function<void(const RunWeights& weights, bool projector, const std::string& card,
                     const std::filesystem::path& out)>
      write;
};

/// What `--format` may name.
const Table<ExportFormat>& export_formats();

/// Writes a run's network, whole or not at all, into a folder that is made where it is missing. Where `card` names a
/// file, the model card too. Throws InputError when the run has no such weights (read_run_weights), the format cannot
/// hold them, one of the two would take the other's place or, without `overwrite`, that of something that is there, and
/// when they cannot be written.
void export_run(const std::filesystem::path& run, const ExportSettings& settings, const std::filesystem::path& out,
                const std::filesystem::path& card);

}  // namespace directclr::publish
