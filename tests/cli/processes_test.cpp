// Several real processes: started together, stopped, killed, held up, and started wrongly.
#include <ATen/Context.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#include "directclr/core/json.h"
#include "directclr/tensor/tensor_file.h"
#include "tests/cli/cli.h"
#include "tests/support/tensor_matchers.h"

namespace directclr {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::Outcome;

class Processes : public test::Cli {
 protected:
  std::vector<std::string> training(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        "train",    "--data",      data_,       "--arch",      "basic:1,1,1,1:4", "--stem", "small",
        "--epochs", "2",           "--threads", "1",           "--batch-size",    "16",     "--projector-dim",
        "8",        "--log-every", "1",         "--precision", "float32",         "--out",  path(out)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // One process of several, placed by torchrun's variables. `more`: "NAME=VALUE".
  pid_t start_rank(int rank, int size, int port, const std::vector<std::string>& words,
                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"env",
                                    "RANK=" + std::to_string(rank),
                                    "WORLD_SIZE=" + std::to_string(size),
                                    "LOCAL_RANK=" + std::to_string(rank),
                                    "LOCAL_WORLD_SIZE=" + std::to_string(size),
                                    "MASTER_ADDR=127.0.0.1",
                                    "MASTER_PORT=" + std::to_string(port)};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back(test::program());
    all.insert(all.end(), words.begin(), words.end());
    return start_program("/usr/bin/env", all, "rank" + std::to_string(rank));
  }

  static int port() { return 20000 + static_cast<int>(::getpid()) % 20000; }

  // The process number of one rank of a run started with --nproc.
  static pid_t rank_of(pid_t parent, int rank) {
    std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
    for (pid_t child = 0; children >> child;) {
      std::ifstream environment("/proc/" + std::to_string(child) + "/environ");
      std::stringstream text;
      text << '\0' << environment.rdbuf();
      if (text.str().find(std::string("\0RANK=", 6) + std::to_string(rank) + '\0') != std::string::npos) return child;
    }
    return 0;
  }

  // A long run of three processes, once it has its first checkpoint.
  pid_t start_three(const std::string& out) const {
    const pid_t parent =
        start(training(out, {"--epochs", "100000", "--nproc", "3", "--rank-timeout", "3", "--checkpoint-every", "1"}));
    for (int i = 0; i < 600 && !fs::exists(folder_ / out / "checkpoints/step-5.safetensors"); ++i) {
      std::this_thread::sleep_for(100ms);
    }
    return parent;
  }

  std::vector<double> losses(const std::string& run) const {
    std::vector<double> values;
    std::ifstream lines(folder_ / run / "metrics.jsonl");
    for (std::string line; std::getline(lines, line);) values.push_back(Json::parse(line).at("loss").get<double>());
    return values;
  }

  void expect_same_losses(const std::string& one_run, const std::string& several_run) const {
    const auto one = losses(one_run), several = losses(several_run);
    ASSERT_EQ(one.size(), several.size());
    for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(several[i], one[i], 1e-3 * one[i]) << "step " << i + 1;
  }

  // Every way to evaluate a run.
  std::vector<std::vector<std::string>> evaluations(const std::string& run) const {
    return {{"knn", path(run), "--k", "3", "--json"},
            {"probe", path(run), "--cached", "--json"},
            {"probe", path(run), "--probe-epochs", "2", "--json"},
            {"spectrum", path(run), "--json"}};
  }

  // What one of them found, by one process and by several.
  static void expect_same_finding(const std::string& command, const std::string& one_out,
                                  const std::string& several_out, double limit) {
    const auto one = Json::parse(one_out), several = Json::parse(several_out);
    if (one.contains("top1")) {
      // Features of other batches differ by rounding, which may turn one of the 40 test images.
      EXPECT_NEAR(several.at("top1").get<double>(), one.at("top1").get<double>(), 1.0 / 40 + 1e-9) << command;
    } else {
      EXPECT_NEAR(several.at("effective-rank").get<double>(), one.at("effective-rank").get<double>(), limit);
    }
  }
};

TEST_F(Processes, TrainWhatOneProcessTrains) {
  ASSERT_EQ(run(training("one")).status, 0);
  for (const char* count : {"2", "3"}) {
    const Outcome outcome = run(training("several", {"--nproc", count, "--overwrite", "--json"}));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out).at("steps"), 10);  // one voice
    expect_same_losses("one", "several");
    EXPECT_NEAR(losses("several")[0], losses("one")[0], 2e-5 * losses("one")[0]);
  }
}

TEST_F(Processes, ContinueARunOfAnotherNumber) {
  ASSERT_EQ(run(training("whole")).status, 0);
  // A checkpoint in the middle, by two processes; the rest by three.
  ASSERT_EQ(run(training("parts", {"--nproc", "2"})).status, 0);
  fs::remove(folder_ / "parts/checkpoints/step-10.safetensors");
  fs::remove(folder_ / "parts/DONE");
  const Outcome resumed = run({"train", "--resume", "--out", path("parts"), "--nproc", "3", "--threads", "1"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_losses("whole", "parts");
}

TEST_F(Processes, EvaluateAsOneProcessDoes) {
  ASSERT_EQ(run(training("run", {"--batch-size", "20"})).status, 0);
  for (auto words : evaluations("run")) {
    const std::string one = run(words).out;
    words.insert(words.end(), {"--nproc", "3"});
    const Outcome outcome = run(words);
    ASSERT_EQ(outcome.status, 0) << words[0] << ": " << outcome.err;
    expect_same_finding(words[0], one, outcome.out, 1e-6);
  }
  ASSERT_EQ(run({"embed", path("run"), "--out", path("one.safetensors")}).status, 0);
  ASSERT_EQ(run({"embed", path("run"), "--out", path("three.safetensors"), "--nproc", "3"}).status, 0);
  const auto one = tensor::read_safetensors(path("one.safetensors")),
             three = tensor::read_safetensors(path("three.safetensors"));
  EXPECT_TRUE(test::all_close(*three.find("features"), *one.find("features"), 1e-5));
  EXPECT_TRUE(test::identical(*three.find("labels"), *one.find("labels")));
}

TEST_F(Processes, StopTogetherAndContinue) {
  const pid_t parent = start_three("run");
  ::kill(parent, SIGINT);
  const Outcome outcome = finish(parent);
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("saved, continue with"), std::string::npos) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << outcome.err;  // what was read, by one voice
}

TEST_F(Processes, AKilledOneEndsTheOthersByName) {
  const pid_t parent = start_three("run");
  const pid_t victim = rank_of(parent, 1);
  ASSERT_GT(victim, 0);
  ::kill(victim, SIGKILL);
  const Outcome outcome = finish(parent);
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("rank 1 was killed by signal 9"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("rank 1 ("), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("gives no more signs of life; it was at: "), std::string::npos) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / "run/checkpoints"));
}

TEST_F(Processes, ASuspendedOneEndsTheOthersByName) {
  const pid_t parent = start_three("run");
  const pid_t victim = rank_of(parent, 2);
  ASSERT_GT(victim, 0);
  ::kill(victim, SIGSTOP);
  const Outcome outcome = finish(parent);
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("rank 2 ("), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("gives no more signs of life"), std::string::npos) << outcome.err;
}

TEST_F(Processes, RefuseToBeginDifferently) {
  const pid_t other = start_rank(1, 2, port(), training("run", {"--tau", "0.2", "--rank-timeout", "20"}));
  const pid_t root = start_rank(0, 2, port(), training("run", {"--rank-timeout", "20"}));
  const Outcome at_root = finish(root, "rank0"), at_other = finish(other, "rank1");
  EXPECT_EQ(at_root.status, 2) << at_root.err;
  EXPECT_NE(at_root.err.find("rank 1: has '--tau 0.2', rank 0 has '--tau 0.1'"), std::string::npos) << at_root.err;
  EXPECT_NE(at_other.status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "run/config.toml"));
}

TEST_F(Processes, SayWhatIsWrongWithTheirMeeting) {
  const auto alone = [&](int rank, int size) {
    return finish(start_rank(rank, size, port(), training("run", {"--rank-timeout", "2"})),
                  "rank" + std::to_string(rank));
  };
  const Outcome nobody = alone(1, 2);
  EXPECT_EQ(nobody.status, 2);
  EXPECT_NE(nobody.err.find("nobody answered at 127.0.0.1:"), std::string::npos) << nobody.err;
  const Outcome missing = alone(0, 3);
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("of 3 processes rank 1, 2 did not appear within 2 s"), std::string::npos) << missing.err;
  expect_refused(run(training("run", {"--nproc", "3", "--batch-size", "2"})),
                 "--batch-size: 2 images cannot be shared out among 3 processes");
  expect_refused(run(training("run", {"--nproc", "3", "--batch-size", "16", "--micro-batch", "8"})),
                 "--micro-batch: 3 processes");
}

TEST_F(Processes, MeasureTheMachineAndPlan) {
  const std::string file = path("machine.json");
  const std::vector<std::string> network = {"--arch", "basic:1,1,1,1:8", "--image-size", "32", "--batch-size", "64"};
  std::vector<std::string> step = {"bench", "step",     "--nproc", "2",      "--threads", "1",     "--seconds",
                                   "0.05",  "--images", "16",      "--data", data_,       "--out", file};
  step.insert(step.end(), network.begin(), network.end());
  const Outcome measured = run(step);
  ASSERT_EQ(measured.status, 0) << measured.err;
  const Outcome comm = run({"bench", "comm", "--nproc", "2", "--seconds", "0.05", "--out", file, "--json"});
  ASSERT_EQ(comm.status, 0) << comm.err;
  EXPECT_GT(Json::parse(comm.out).at("bytes_per_second").get<double>(), 0.0);
  std::vector<std::string> words = {"plan", "--machine", file, "--images", "6400", "--json"};
  words.insert(words.end(), network.begin(), network.end());
  const Outcome planned = run(words);
  ASSERT_EQ(planned.status, 0) << planned.err;
  const auto plan = Json::parse(planned.out);
  EXPECT_EQ(plan.at("devices"), 2) << "as many as were measured";
  EXPECT_EQ(plan.at("images_per_device"), 32);
  EXPECT_EQ(plan.at("measured"), true);
  for (const char* part : {"compute_seconds", "loss_seconds", "gradient_seconds", "embedding_seconds", "norm_seconds",
                           "loader_seconds", "step_seconds", "train_seconds", "device_bytes", "bytes_sent_per_step"}) {
    EXPECT_GT(plan.at(part).get<double>(), 0.0) << part;
  }
  const auto with = [&](const std::string& option, const std::string& value) {
    auto other = words;
    other.insert(other.end(), {option, value});
    return run(other);
  };
  EXPECT_EQ(with("--threads", "1").status, 0);
  expect_refused(with("--threads", "2"), "--threads: the figures are of processes of 1");
  EXPECT_EQ(with("--gpus", "2").status, 0);
  expect_refused(with("--gpus", "4"), "--gpus: the figures are of 2 at a time, which share the ");
  expect_refused(run({"plan", "--machine", "h1000"}), "--machine: 'h1000' is neither a file nor an assumed machine");
  expect_refused(run({"plan", "--machine", path("none.json")}), "none.json");
  expect_refused(run({"plan", "--nodes", "10000"}),
                 "--batch-size: 256 images cannot be shared out among 80000 devices");
  expect_refused(run({"bench", "comm"}), "bench comm: needs several processes");
  expect_refused(run({"bench"}), "");
}

// Several processes that share the first CUDA device. NCCL allows that to processes of different machines only, so they
// are told to be on different ones, which talk through the loopback interface.
class CudaProcesses : public Processes {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device, or libtorch without CUDA";
  }

  std::vector<pid_t> start_all(int size, const std::vector<std::string>& words) const {
    std::vector<pid_t> ranks;
    for (int rank = 0; rank < size; ++rank) {
      ranks.push_back(start_rank(
          rank, size, port(), words,
          {"NCCL_HOSTID=machine-" + std::to_string(rank), "NCCL_SOCKET_IFNAME=lo", "NVIDIA_TF32_OVERRIDE=0"}));
    }
    return ranks;
  }

  std::vector<Outcome> finish_all(const std::vector<pid_t>& ranks) const {
    std::vector<Outcome> outcomes;
    for (size_t rank = 0; rank < ranks.size(); ++rank) {
      outcomes.push_back(finish(ranks[rank], "rank" + std::to_string(rank)));
    }
    return outcomes;
  }

  std::vector<std::string> cuda_training(const std::string& out, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--device", "cuda:0"});
    return training(out, more);
  }

  // Three processes in the middle of a long run, one of which is sent a signal: what the others say.
  std::string after_signal(int victim, int signal) const {
    const auto ranks =
        start_all(3, cuda_training("run", {"--epochs", "100000", "--rank-timeout", "10", "--checkpoint-every", "1"}));
    for (int i = 0; i < 900 && !fs::exists(folder_ / "run/checkpoints/step-5.safetensors"); ++i) {
      std::this_thread::sleep_for(100ms);
    }
    ::kill(ranks[static_cast<size_t>(victim)], signal);
    std::string said;
    for (int rank = 0; rank < 3; ++rank) {
      if (rank == victim) continue;
      const Outcome outcome = finish(ranks[static_cast<size_t>(rank)], "rank" + std::to_string(rank));
      EXPECT_EQ(outcome.status, 1) << outcome.err;
      said += outcome.err;
    }
    ::kill(ranks[static_cast<size_t>(victim)], SIGKILL);
    finish(ranks[static_cast<size_t>(victim)], "rank" + std::to_string(victim));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;  // what was read, by one voice
    EXPECT_TRUE(fs::exists(folder_ / "run/checkpoints"));
    return said;
  }
};

TEST_F(CudaProcesses, TrainWhatOneProcessTrains) {
  const std::vector<std::vector<std::string>> ways = {{}, {"--micro-batch", "4", "--no-sync-batch-norm"}};
  for (auto how : ways) {
    how.push_back("--overwrite");
    ASSERT_EQ(finish_all(start_all(1, cuda_training("one", how)))[0].status, 0);
    for (const int size : {2, 4}) {
      for (const Outcome& outcome : finish_all(start_all(size, cuda_training("several", how)))) {
        ASSERT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_EQ(outcome.err, "");
      }
      expect_same_losses("one", "several");
      EXPECT_NEAR(losses("several")[0], losses("one")[0], 2e-5 * losses("one")[0]);
    }
  }
}

TEST_F(CudaProcesses, EvaluateAsOneProcessDoes) {
  ASSERT_EQ(run(training("run", {"--batch-size", "20"})).status, 0);
  for (auto words : evaluations("run")) {
    words.insert(words.end(), {"--device", "cuda:0"});
    const Outcome alone = finish_all(start_all(1, words))[0];
    ASSERT_EQ(alone.status, 0) << words[0] << ": " << alone.err;
    const auto outcomes = finish_all(start_all(3, words));
    for (const Outcome& outcome : outcomes) ASSERT_EQ(outcome.status, 0) << words[0] << ": " << outcome.err;
    expect_same_finding(words[0], alone.out, outcomes[0].out, 1e-4);
  }
}

TEST_F(CudaProcesses, AKilledOneEndsTheOthersByName) {
  const std::string said = after_signal(1, SIGKILL);
  EXPECT_NE(said.find("rank 1 ("), std::string::npos) << said;
  EXPECT_NE(said.find("gives no more signs of life; it was at: "), std::string::npos) << said;
}

TEST_F(CudaProcesses, ASuspendedOneEndsTheOthersByName) {
  const std::string said = after_signal(2, SIGSTOP);
  EXPECT_NE(said.find("rank 2 ("), std::string::npos) << said;
  EXPECT_NE(said.find("gives no more signs of life"), std::string::npos) << said;
}

}  // namespace
}  // namespace directclr
