#include "directclr/core/process_environment.h"

#include <cstdlib>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

using Lookup = std::function<const char*(const char*)>;

std::string text_of(const Lookup& lookup, const char* name) {
  const char* value = lookup(name);
  return value ? value : "";
}

int64_t number_of(const Lookup& lookup, const char* name, int64_t low, int64_t high) {
  const std::string text = text_of(lookup, name);
  int64_t value = 0;
  if (text.empty()) throw InputError(name, "is not set", "start all processes with torchrun, mpirun, srun or --nproc");
  if (!parse_int(text, value) || value < low || value > high) {
    throw InputError(
        name, "'" + text + "' is not a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

// How one launcher calls what it tells.
struct Dialect {
  const char* launcher;
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;
};
constexpr Dialect kDialects[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"mpirun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
    // SLURM_STEP_NUM_TASKS is there in steps that srun started, not in the batch script around them.
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", nullptr},
};
constexpr int64_t kMostProcesses = 1 << 20;

// "4(x2),3" -> what the first host has, 4. Only tells how to share out this machine's cores.
int64_t first_count(const std::string& list) {
  int64_t value = 0;
  return parse_int(list.substr(0, list.find_first_of("(,")), value) && value > 0 ? value : 1;
}

}  // namespace

std::string first_host(const std::string& list) {
  const size_t bracket = list.find_first_of("[,");
  if (bracket == std::string::npos || list[bracket] == ',') return list.substr(0, bracket);
  const size_t end = list.find_first_of("-,]", bracket);
  if (end == std::string::npos) return list;
  return list.substr(0, bracket) + list.substr(bracket + 1, end - bracket - 1);
}

ProcessEnvironment read_process_environment(const Lookup& lookup) {
  ProcessEnvironment e;
  const Dialect* dialect = nullptr;
  for (const auto& candidate : kDialects) {
    if (lookup(candidate.rank) && lookup(candidate.size)) {
      dialect = &candidate;
      break;
    }
  }
  if (!dialect) {
    // Half a torchrun environment is a mistake, not a lone process.
    if (lookup("WORLD_SIZE") && number_of(lookup, "WORLD_SIZE", 1, kMostProcesses) > 1) {
      number_of(lookup, "RANK", 0, kMostProcesses);
    }
    return e;
  }
  e.launcher = dialect->launcher;
  e.size = number_of(lookup, dialect->size, 1, kMostProcesses);
  e.rank = number_of(lookup, dialect->rank, 0, e.size - 1);
  if (lookup(dialect->local_rank)) e.local_rank = number_of(lookup, dialect->local_rank, 0, kMostProcesses);
  if (dialect->local_size && lookup(dialect->local_size)) {
    e.local_size = number_of(lookup, dialect->local_size, 1, kMostProcesses);
  } else if (lookup("SLURM_STEP_TASKS_PER_NODE")) {
    e.local_size = first_count(text_of(lookup, "SLURM_STEP_TASKS_PER_NODE"));
  }
  const std::string slurm_hosts = text_of(lookup, "SLURM_STEP_NODELIST");
  if (lookup("MASTER_ADDR")) {
    e.address = text_of(lookup, "MASTER_ADDR");
  } else if (e.launcher == "srun" && !slurm_hosts.empty()) {
    e.address = first_host(slurm_hosts);
  } else if (e.size > e.local_size && e.launcher != "srun") {
    throw InputError("MASTER_ADDR", "is not set, and the processes are not all on this machine",
                     "the address of rank 0's machine, e.g. mpirun -x MASTER_ADDR=HOST");
  }
  if (lookup("MASTER_PORT")) {
    e.port = number_of(lookup, "MASTER_PORT", 1, 65535);
  } else if (e.launcher == "srun" && lookup("SLURM_JOB_ID")) {
    e.port = 20000 + number_of(lookup, "SLURM_JOB_ID", 0, INT64_MAX) % 20000;  // two jobs of one user on one host
  }
  e.store_hosted = text_of(lookup, "TORCHELASTIC_USE_AGENT_STORE") == "True";
  if (lookup("TORCHELASTIC_RESTART_COUNT")) e.attempt = text_of(lookup, "TORCHELASTIC_RESTART_COUNT");
  return e;
}

ProcessEnvironment process_environment() {
  return read_process_environment([](const char* name) { return std::getenv(name); });
}

}  // namespace directclr
