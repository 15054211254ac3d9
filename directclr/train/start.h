#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "directclr/data/source.h"
#include "directclr/distributed/process_group.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"
#include "directclr/train/checkpoint.h"
#include "directclr/train/network.h"

namespace directclr::train {

/// What the file DONE of a finished run says.
struct FinishedRun {
  int64_t steps = 0;
  double seconds = 0;  ///< spent training
};

/// Whether rank 0's directory allows what is asked. Returns something when there is nothing left to do: the run to be
/// resumed is finished, and no more epochs are asked for. Collective. Throws InputError, on rank 0, when a run is there
/// already, none is there to resume, its files are of two runs, the settings given are not the run's own (more epochs,
/// and how it is carried out, aside), or other parts are the user's own.
std::optional<FinishedRun> check_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                                           settings::StartMode mode, const std::vector<std::string>& own_parts,
                                           const distributed::ProcessGroup& group);

/// What a run is carried out with.
struct Session {
  std::string command_line;
  std::string device;
  bool bfloat16 = false;
  int64_t convolution_rule = 0;  // model/convolution.h
  int64_t processes = 1;
  std::vector<std::string> own_parts;  // the user's: parts.h
};

/// The rule by which the run's convolutions last went (model/convolution.h), as environment.json
/// says; 0 where it says nothing: of a version that had none.
int64_t recorded_convolution_rule(const settings::RunDirectory& run);

/// Writes what a session begins with: the environment, and for a new run a contact sheet of views and, last, its
/// settings. A run that is given more epochs gets them into its settings, and loses what was found out about it before;
/// returns how many it had, else 0.
int64_t prepare_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                          settings::StartMode mode, const Session& session, const data::Source& source);

/// Writes what a run ends with: the weights, and then DONE.
void write_finished_run(const settings::RunDirectory& run, const Network& network, const CheckpointInfo& done,
                        int64_t epochs);

}  // namespace directclr::train
