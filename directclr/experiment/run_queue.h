#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "directclr/core/progress.h"
#include "directclr/experiment/run_plan.h"

namespace directclr::experiment {

struct QueueOptions {
  std::filesystem::path program;  ///< the directclr program
  std::filesystem::path out;      ///< runs go to OUT/runs/ID, what they say to OUT/runs/ID.log
  int64_t jobs = 1;               ///< runs at a time
  int64_t threads = 1;            ///< tensor threads of each
  int64_t workers = 1;            ///< loader threads of each
};

/// Trains and evaluates the plan's runs, each in processes of its own, `jobs` at a time; what is finished in OUT
/// already is left alone, and what was begun goes on from its checkpoint. A run that fails does not stop the others.
/// Returns why runs failed, by id. Throws Interrupted when asked to stop, after the runs in flight have saved their
/// state; InputError when OUT cannot be written. Requires that OUT is the caller's own (core/folder_lock.h).
std::map<std::string, std::string> carry_out(const RunPlan& plan, const QueueOptions& options, const Context& context);

}  // namespace directclr::experiment
