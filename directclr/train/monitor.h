#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "directclr/optim/optimizer.h"
#include "directclr/settings/train_settings.h"
#include "directclr/spectrum/gates.h"
#include "directclr/spectrum/summary.h"
#include "directclr/spectrum/verdict.h"
#include "directclr/train/forgetting_covariance.h"

namespace directclr::train {

/// How a monitor watches.
struct MonitorOptions {
  int64_t every = 5;         ///< steps between looks, at least 1
  double memory = 10;        ///< rows that the covariances rest on, as a multiple of the layer's width
  spectrum::GateTexts stop;  ///< gates of r, as settings::TrainSettings has them; empty: none
  bool watch_z = true;       ///< false where z is r: one covariance alone is kept
};

/// Watches r and z for collapse while they are trained, by covariances that forget.
class Monitor {
 public:
  /// Of a model with these widths, D and P. Throws InputError for a gate that is none.
  Monitor(const MonitorOptions& options, int64_t representation, int64_t embedding, at::Device device);
  /// As the settings say; a projector that hands r on unchanged needs one covariance alone.
  Monitor(const settings::TrainSettings& settings, int64_t representation, int64_t embedding, at::Device device);

  /// Both views' rows of this process, every few steps (settings.monitor_every). Collective.
  void observe(int64_t step, const at::Tensor& r, const at::Tensor& z, const distributed::ProcessGroup& group);

  /// What there is to say now.
  struct Reading {
    spectrum::SpectrumSummary r, z;  ///< of the forgetting covariance; the directions of the batch at hand, no RankMe
    double alignment_r = 0, alignment_z = 0;    ///< mean squared distance of the two views, rows normalised
    double uniformity_r = 0, uniformity_z = 0;  ///< of view a
    std::vector<std::string> warnings;          ///< what has become worse since the last reading
    std::vector<std::string> stop;              ///< why the training should end, a line a gate; empty: go on
  };
  /// `r` and `z`: both views' rows of all processes. Costs two eigendecompositions. `warn`: whether to look for
  /// warnings and the gates (not at the beginning: early representations are all nearly collapsed).
  Reading read(const at::Tensor& r, const at::Tensor& z, bool warn);

  /// Effective rank (lambda form) of the covariance of r as it is now.
  double rank_r() const;

  /// Whether z is watched; else it is r.
  bool watches_z() const { return z_.has_value(); }

  /// What a checkpoint must hold.
  std::vector<optim::NamedTensor> state() const;

 private:
  int64_t every_;
  ForgettingCovariance r_;
  std::optional<ForgettingCovariance> z_;
  spectrum::Gates gates_;
  spectrum::Verdict::Kind last_r_ = spectrum::Verdict::Kind::kHealthy;
  spectrum::Verdict::Kind last_z_ = spectrum::Verdict::Kind::kHealthy;
};

}  // namespace directclr::train
