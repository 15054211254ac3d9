#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "cli/engine/engine.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/data/source.h"
#include "directclr/eval/features.h"
#include "directclr/train/contrastive_model.h"

namespace directclr::cli {

/// A finished run made ready for evaluation: settings, model on its device, data.
struct OpenedRun {
  /// `group`: the processes that share the work. `random_init`: the untrained model of the same settings and seed.
  /// `notice`: told what is damaged when a part of the data is opened.
  OpenedRun(const RunRequest& request, distributed::ProcessGroup group, NoticeSink notice, bool random_init = false);

  eval::FeatureOptions loading(const std::string& task) const;
  /// Features of a part of the data, all of them on rank 0 (or, with `keep_share`, each process's share). Throws
  /// InputError when the part is not there.
  eval::Features features(data::Split part, bool labelled, bool with_projector, const Context& context,
                          uint64_t limit = UINT64_MAX, bool keep_share = false) const;
  /// A part of the data, opened once; test images have the class numbers of the training images. Throws InputError when
  /// it is not there, or has classes that the training images lack.
  const data::Source& source(data::Split part, bool labelled) const;

  uint64_t seed() const { return static_cast<uint64_t>(settings.seed); }

  /// What every result says about how it was obtained, what was read of the parts opened so far, or of `part` alone,
  /// among it.
  Json protocol(std::optional<data::Split> part = {}) const;

  /// A spectrum of a layer of this run, with the run's protocol, its names and where the run keeps it.
  report::MeasuredInput measured(report::SpectrumResult result, const report::LayerSettings& layer) const;

  distributed::ProcessGroup group;
  settings::RunDirectory run;
  settings::TrainSettings settings;
  std::string data;
  data::ReadSettings reading;
  train::ContrastiveModel model;
  torch::Device device;
  ThreadLimit threads;
  int64_t workers;
  bool skip_bad;
  bool random_init;

 private:
  Json read_so_far(std::optional<data::Split> part) const;

  NoticeSink notice_;
  mutable std::map<std::pair<data::Split, bool>, std::unique_ptr<data::Source>> sources_;
};

/// Makes the run this command's own while what it gives lives: for commands that write into it. Rank 0's; nothing for
/// the others. Throws InputError when there is no such run, or another process works there.
std::unique_ptr<FolderLock> own(const RunRequest& request, const distributed::ProcessGroup& group);

/// "train" or "test". Throws InputError for anything else.
data::Split parse_split(const std::string& text);

}  // namespace directclr::cli
