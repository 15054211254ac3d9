#include "directclr/core/process_environment.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/error_of.h"

namespace directclr {
namespace {

using Variables = std::map<std::string, std::string>;

ProcessEnvironment read(const Variables& variables) {
  return read_process_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(ProcessEnvironment, AloneWithoutALauncher) {
  const ProcessEnvironment e = read({});
  EXPECT_TRUE(e.is_single());
  EXPECT_EQ(e.rank, 0);
  // A batch script around srun steps is no step itself.
  EXPECT_TRUE(read({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "7"}}).is_single());
}

TEST(ProcessEnvironment, UnderstandsTorchrun) {
  const ProcessEnvironment e = read({{"RANK", "5"},
                                     {"WORLD_SIZE", "8"},
                                     {"LOCAL_RANK", "1"},
                                     {"LOCAL_WORLD_SIZE", "4"},
                                     {"MASTER_ADDR", "node7"},
                                     {"MASTER_PORT", "1234"},
                                     {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                     {"TORCHELASTIC_RESTART_COUNT", "2"}});
  EXPECT_EQ(e.rank, 5);
  EXPECT_EQ(e.size, 8);
  EXPECT_EQ(e.local_rank, 1);
  EXPECT_EQ(e.local_size, 4);
  EXPECT_EQ(e.address, "node7");
  EXPECT_EQ(e.port, 1234);
  EXPECT_TRUE(e.store_hosted);
  EXPECT_EQ(e.attempt, "2");
  EXPECT_EQ(e.launcher, "torchrun");
}

TEST(ProcessEnvironment, UnderstandsMpirun) {
  const ProcessEnvironment open = read({{"OMPI_COMM_WORLD_RANK", "1"},
                                        {"OMPI_COMM_WORLD_SIZE", "2"},
                                        {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                        {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  EXPECT_EQ(open.rank, 1);
  EXPECT_EQ(open.size, 2);
  EXPECT_EQ(open.local_rank, 1);
  EXPECT_EQ(open.address, "127.0.0.1");
  EXPECT_EQ(open.launcher, "mpirun");
  const ProcessEnvironment intel =
      read({{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "3"}, {"MPI_LOCALNRANKS", "4"}});
  EXPECT_EQ(intel.rank, 3);
  EXPECT_EQ(intel.local_size, 4);
  // Over several machines somebody has to say where rank 0 is.
  const auto apart = [] {
    read({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  };
  EXPECT_NE(test::error_of(apart).find("MASTER_ADDR: is not set"), std::string::npos) << test::error_of(apart);
}

TEST(ProcessEnvironment, UnderstandsSrun) {
  const ProcessEnvironment e = read({{"SLURM_PROCID", "9"},
                                     {"SLURM_STEP_NUM_TASKS", "16"},
                                     {"SLURM_LOCALID", "1"},
                                     {"SLURM_STEP_TASKS_PER_NODE", "8(x2)"},
                                     {"SLURM_STEP_NODELIST", "gpu[07-08]"},
                                     {"SLURM_JOB_ID", "123456"}});
  EXPECT_EQ(e.rank, 9);
  EXPECT_EQ(e.size, 16);
  EXPECT_EQ(e.local_rank, 1);
  EXPECT_EQ(e.local_size, 8);
  EXPECT_EQ(e.address, "gpu07");
  EXPECT_EQ(e.port, 20000 + 123456 % 20000);
  EXPECT_EQ(e.launcher, "srun");
}

TEST(ProcessEnvironment, FirstHostOfAList) {
  EXPECT_EQ(first_host("login"), "login");
  EXPECT_EQ(first_host("a1,a2"), "a1");
  EXPECT_EQ(first_host("node[03-07,11],login"), "node03");
  EXPECT_EQ(first_host("node[4],b"), "node4");
  EXPECT_EQ(first_host("rack2-n[1,5]"), "rack2-n1");
}

TEST(ProcessEnvironment, NamesWhatIsWrong) {
  const auto message = [](const Variables& variables) { return test::error_of([&] { read(variables); }); };
  EXPECT_NE(message({{"RANK", "x"}, {"WORLD_SIZE", "2"}}).find("RANK: 'x' is not a whole number"), std::string::npos);
  EXPECT_NE(message({{"RANK", "2"}, {"WORLD_SIZE", "2"}}).find("RANK: '2' is not a whole number from 0 to 1"),
            std::string::npos);
  EXPECT_NE(message({{"RANK", "0"}, {"WORLD_SIZE", "0"}}).find("WORLD_SIZE"), std::string::npos);
  EXPECT_NE(message({{"WORLD_SIZE", "4"}}).find("RANK: is not set"), std::string::npos);
  EXPECT_NE(
      message({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "70000"}}).find("MASTER_PORT"),
      std::string::npos);
}

}  // namespace
}  // namespace directclr
