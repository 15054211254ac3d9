#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/engine/engine.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/data/source.h"
#include "directclr/eval/features.h"
#include "directclr/io/network_tensors.h"
#include "directclr/train/contrastive_model.h"

namespace directclr::cli {

/// A finished run, or an encoder that came as weights, made ready for evaluation: settings, model on its device, data.
/// Weights have no projector: for them z is r.
struct OpenedRun {
  /// `group`: the processes that share the work. `random_init`: the untrained model of the same settings and seed.
  /// `notice`: told which weights were read, and what is damaged when a part of the data is opened. Throws InputError.
  OpenedRun(const RunRequest& request, distributed::ProcessGroup group, NoticeSink notice, bool random_init = false);

  eval::FeatureOptions loading(const std::string& task) const;
  /// Features of a part of the data, all of them on rank 0 (or, with `keep_share`, each process's share). Throws
  /// InputError when the part is not there.
  eval::Features features(data::Split part, bool labelled, bool with_projector, const Context& context,
                          uint64_t limit = UINT64_MAX, bool keep_share = false) const;
  /// A part of the data, opened once; test images have the class numbers of the training images. Training images that
  /// are asked for without labels are those that the run was trained on, at most settings.limit of them; with labels
  /// they are all, from which a classifier learns. Of other data than the run's they are all, too. Throws InputError
  /// when it is not there, or has classes that the training images lack.
  const data::Source& source(data::Split part, bool labelled) const;
  /// The training images without labels, and where they are not all of the data that is said.
  const data::Source& trained_on() const;

  /// The part that `--split` names, as "train" or "test": "auto" is the test part, or the training part, and that is
  /// said, where there is no other.
  std::string split(const std::string& asked) const;

  uint64_t seed() const { return static_cast<uint64_t>(settings.seed); }
  bool of_weights() const { return weights_.has_value(); }
  /// Of the run; "" of weights, and of runs of versions before there were ids.
  std::string run_id() const;

  /// Where results go: the run's directory. That of weights is made, and this process its owner, when it is first
  /// asked for. Rank 0 alone may ask.
  const std::filesystem::path& results() const;

  /// What every result says about how it was obtained, what was read of the parts opened so far, or of `part` alone,
  /// among it.
  Json protocol(std::optional<data::Split> part = {}) const;

  /// A spectrum of a layer, with the protocol, its names and where it is kept. layer.split is "train" or "test".
  report::MeasuredInput measured(report::SpectrumResult result, const report::LayerSettings& layer) const;

  distributed::ProcessGroup group;
  std::filesystem::path path;  ///< the run's directory, or the file of weights
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
  void load(const RunRequest& request);
  Json read_so_far(std::optional<data::Split> part) const;

  bool own_data_;  // it reads what it was trained on
  NoticeSink notice_;
  std::optional<io::WeightsRead> weights_;  // what was taken of a file of weights
  std::filesystem::path results_;
  mutable std::unique_ptr<FolderLock> owner_;         // of the folder for results of weights
  mutable std::unique_ptr<data::Source> all_images_;  // where the run was trained on some of them, which sources_ has
  mutable std::map<std::pair<data::Split, bool>, std::unique_ptr<data::Source>> sources_;
};

/// Makes the run this command's own while what it gives lives: for commands that write into it. Rank 0's; nothing for
/// the others, and for weights (OpenedRun::results). Throws InputError when there is no such run, or another process
/// works there.
std::unique_ptr<FolderLock> own(const RunRequest& request, const distributed::ProcessGroup& group);

/// "train" or "test". Throws InputError for anything else.
data::Split parse_split(const std::string& text);

}  // namespace directclr::cli
