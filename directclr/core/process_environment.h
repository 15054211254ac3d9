#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace directclr {

/// Where this process stands among those that were started together.
struct ProcessEnvironment {
  int64_t rank = 0;
  int64_t size = 1;
  int64_t local_rank = 0;  ///< among the processes of this machine: picks the device
  int64_t local_size = 1;
  std::string launcher;               ///< "torchrun", "mpirun", "srun"; empty: started alone
  std::string address = "127.0.0.1";  ///< where rank 0 listens
  int64_t port = 29500;
  bool store_hosted = false;  ///< the launcher itself listens there (torchrun's agent), not rank 0
  std::string attempt = "0";  ///< torchrun's count of restarts: keys of an attempt before must not be met

  bool is_single() const { return size == 1; }
};

/// Reads what torchrun (RANK, WORLD_SIZE, ...), Open MPI, MPICH or Intel MPI, or srun put into the environment; the
/// first of these that is there. `lookup` gives a variable's value or null.
/// MASTER_ADDR and MASTER_PORT say where rank 0 is; without them it is this machine, or under srun the first host of
/// the job, with a port from the job's number.
/// Throws InputError naming the variable that is missing, malformed or out of range.
ProcessEnvironment read_process_environment(const std::function<const char*(const char*)>& lookup);

/// The same from the process's own environment.
ProcessEnvironment process_environment();

/// The first host of a SLURM list: "node[03-07,11],login" -> "node03".
std::string first_host(const std::string& list);

}  // namespace directclr
