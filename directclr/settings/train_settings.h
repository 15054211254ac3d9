#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "directclr/core/settings.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/read_settings.h"
#include "directclr/settings/loss_settings.h"
#include "directclr/settings/model_settings.h"
#include "directclr/settings/optim_settings.h"
#include "directclr/spectrum/gates.h"

namespace directclr::settings {

/// Everything that decides what a run computes, plus how it is carried out (`[run]`).
struct TrainSettings {
  std::string data;
  data::ReadSettings reading;
  int64_t limit = 0;
  int64_t shuffle_block = 0;
  int64_t epochs = 100;
  int64_t batch_size = 256;
  int64_t micro_batch = 0;
  bool sync_batch_norm = true;
  int64_t seed = 0;
  data::AugmentSettings augment;
  EncoderSettings encoder;
  ProjectorSettings projector;
  LossSettings loss;
  OptimSettings optimizer;

  std::string device = "auto";
  std::string precision = "auto";
  int64_t threads = 0;
  int64_t workers = 0;
  bool skip_bad = false;
  int64_t log_every = 50;
  double checkpoint_every = 1;
  bool online_head = true;
  int64_t knn_every = 0;
  int64_t monitor_every = 5;
  double monitor_memory = 10;
  std::string keep_best = "no";
  spectrum::GateTexts stop;
  double grace_epochs = 1;
  double rank_timeout = 60;

  void describe(FieldList& fields);

  /// Fills in what "auto" and 0 stand for where that depends on other settings, and checks what the ranges alone
  /// cannot. `given`: the names of settings that the user set; the augmentation preset fills the others. Throws
  /// InputError. `local_processes`: how many share this machine's cores.
  void resolve(const std::set<std::string>& given, int64_t local_processes = 1);
};

/// Settings of a run from its config.toml. Throws InputError.
TrainSettings read_config(const std::string& path);

}  // namespace directclr::settings
