#pragma once

#include <cstdint>
#include <string>

#include "directclr/data/source.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"
#include "directclr/train/trainer.h"

namespace directclr::train {

/// Whether the directory allows what is asked; true when there is nothing left to do. Throws InputError when a run is
/// there already, none is there to resume, or the settings given are not the run's own (how it is carried out aside).
bool check_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                     settings::StartMode mode);

/// What a run is carried out with.
struct Session {
  std::string command_line;
  std::string device;
  bool bfloat16 = false;
  int64_t processes = 1;
};

/// Writes what a run begins with: its settings, a contact sheet of views, and the environment of this session.
void prepare_directory(const settings::TrainSettings& settings, const settings::RunDirectory& run,
                       settings::StartMode mode, const Session& session, const data::Source& source);

}  // namespace directclr::train
