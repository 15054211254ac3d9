#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "cli/program.h"
#include "directclr/core/process_environment.h"

namespace directclr::cli {

/// The option --nproc of a command that several processes can carry out together, and how it is carried out.
class Processes {
 public:
  void add_to(CLI::App& app);

  /// With --nproc: starts this program so many times on this machine, with the same arguments, and waits for them; sets
  /// the program's exit status. Otherwise this is one process, perhaps of those that torchrun, mpirun or srun started:
  /// does `work` with its place among them, and lets only rank 0 speak.
  void carry_out(Program& program, Console& console, const std::function<void(const ProcessEnvironment&)>& work) const;

 private:
  int64_t count_ = 0;
};

}  // namespace directclr::cli
