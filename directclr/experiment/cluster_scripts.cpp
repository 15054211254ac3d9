#include "directclr/experiment/cluster_scripts.h"

#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::experiment {
namespace {

namespace fs = std::filesystem;

// What both kinds of script do once they know how to start processes.
std::string body(const PlannedRun& run, const std::string& launch) {
  settings::EvaluationSettings evaluation = run.evaluation;
  return "out=${OUT:-.}\nrun=$out/runs/" + run.id +
         "\nif [ -e \"$run/config.toml\" ]; then again=(--resume); else again=(--config \"$out/commands/" + run.id +
         ".toml\"); fi\n[ -e \"$run/DONE\" ] || " + launch +
         " directclr train \"${again[@]}\" --out \"$run\" --workers \"${WORKERS:-10}\" --rank-timeout 600\n" + launch +
         " directclr evaluate \"$run\" --workers \"${WORKERS:-10}\" " + join(option_words(fields_of(evaluation)), " ") +
         "\n";
}

std::string slurm(const PlannedRun& run, const Cluster& cluster) {
  return format(
             "#!/usr/bin/env bash\n"
             "# %s on a SLURM cluster; OUT: the folder that holds commands/, seen by every node. Submitted again, it "
             "goes on where it was.\n"
             "#   OUT=/shared/folder sbatch %s.slurm\n"
             "#SBATCH --job-name=%s\n#SBATCH --nodes=%lld\n#SBATCH --ntasks-per-node=%lld\n"
             "#SBATCH --gpus-per-node=%lld\n#SBATCH --cpus-per-task=10\n#SBATCH --time=72:00:00\n"
             "#SBATCH --signal=INT@120\nset -euo pipefail\n",
             run.id.c_str(), run.id.c_str(), run.id.c_str(), static_cast<long long>(cluster.nodes),
             static_cast<long long>(cluster.gpus), static_cast<long long>(cluster.gpus)) +
         body(run, "srun");
}

std::string torchrun(const PlannedRun& run, const Cluster& cluster) {
  return format(
             "#!/usr/bin/env bash\n"
             "# %s by torchrun: start it on each of %lld machines of %lld GPUs; OUT: the folder that holds commands/. "
             "Started again, it goes on where it was.\n"
             "#   OUT=/shared/folder HEAD_NODE=host0 bash %s.torchrun\n"
             "set -euo pipefail\n"
             ": \"${HEAD_NODE:?set HEAD_NODE to the machine that all others can reach}\"\n"
             "start=(torchrun --no-python --nnodes %lld --nproc-per-node %lld --rdzv-backend c10d --rdzv-endpoint "
             "\"$HEAD_NODE:29400\")\n",
             run.id.c_str(), static_cast<long long>(cluster.nodes), static_cast<long long>(cluster.gpus),
             run.id.c_str(), static_cast<long long>(cluster.nodes), static_cast<long long>(cluster.gpus)) +
         body(run, "\"${start[@]}\"");
}

}  // namespace

std::vector<fs::path> write_cluster_scripts(const RunPlan& plan, const Cluster& cluster, const fs::path& out) {
  const fs::path folder = out / "commands";
  make_directories(folder);
  std::vector<fs::path> written;
  const auto write = [&](const std::string& name, const std::string& text) {
    write_file(folder / name, text);
    written.push_back(folder / name);
  };
  for (const auto& run : plan.runs) {
    settings::TrainSettings copy = run.train;
    write(run.id + ".toml", write_toml(fields_of(copy), run.id));
    write(run.id + ".slurm", slurm(run, cluster));
    write(run.id + ".torchrun", torchrun(run, cluster));
  }
  return written;
}

}  // namespace directclr::experiment
