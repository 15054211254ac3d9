#include <chrono>
#include <functional>
#include <thread>

#include "directclr/core/json.h"
#include "tests/cli/cli.h"
#include "tests/support/folders.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;

class Reproduce : public test::Cli {
 protected:
  std::vector<std::string> words(const std::string& suite, const std::string& out,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"reproduce", suite, "--data", data_,     "--limit",      "64", "--epochs",    "2",
                                    "--seeds",   "1",   "--out",  path(out), "--batch-size", "16", "--log-every", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Json results(const std::string& out) const { return Json::parse(read_file(folder_ / out / "results.json")); }

  // The run directory of a variant.
  fs::path run_of(const std::string& out, const std::string& variant) const {
    for (const auto& entry : fs::directory_iterator(folder_ / out / "runs")) {
      if (entry.is_directory() && entry.path().filename().string().starts_with(variant + "-s0")) return entry.path();
    }
    ADD_FAILURE() << "no run of " << variant << " in " << out;
    return {};
  }

  void wait_for(const std::function<bool()>& condition) const {
    for (int i = 0; i < 1200 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_TRUE(condition()) << "not within a minute";
  }

  int count_finished(const std::string& out) const {
    int count = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_ / out / "runs", error)) {
      count += fs::exists(entry.path() / "evaluation.json") ? 1 : 0;
    }
    return count;
  }
};

TEST_F(Reproduce, IsTheSameAfterAnInterruptionAndAfterADeath) {
  const auto whole = run(words("table1", "whole"));
  ASSERT_EQ(whole.status, 0) << whole.err;
  EXPECT_NE(whole.out.find("Table 1: accuracy by projector"), std::string::npos) << whole.out;

  // Interrupted once something is finished, then killed outright, then let be.
  pid_t child = start(words("table1", "parts"));
  wait_for([&] { return count_finished("parts") >= 1; });
  ::kill(child, SIGINT);
  const auto stopped = finish(child);
  ASSERT_EQ(stopped.status, 3) << stopped.err;
  EXPECT_NE(stopped.err.find("of 4 runs finished; the same command goes on"), std::string::npos) << stopped.err;
  EXPECT_NE(read_file(folder_ / "parts/results.md").find("not run"), std::string::npos) << "what is there is shown";
  const int finished = count_finished("parts");
  EXPECT_LT(finished, 4);
  child = start(words("table1", "parts"));
  wait_for([&] { return count_finished("parts") > finished; });
  ::kill(child, SIGKILL);
  finish(child);
  // Its children notice that they are alone, and stop too; only then is the folder free.
  test::Outcome last;
  for (int i = 0; i < 50; ++i) {
    last = run(words("table1", "parts"));
    if (last.status == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  ASSERT_EQ(last.status, 0) << last.err;

  const Json a = results("whole"), b = results("parts");
  ASSERT_EQ(a["runs"].size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    for (const char* key : {"variant", "id", "top1", "knn", "columns_top1", "spectra"}) {
      EXPECT_EQ(a["runs"][i][key], b["runs"][i][key]) << a["runs"][i]["id"].dump() << ", " << key;
    }
  }

  // What is there is not made again, and pages come from the results alone.
  const auto before = fs::last_write_time(run_of("parts", "mlp") / "DONE");
  ASSERT_EQ(run(words("table1", "parts")).status, 0);
  EXPECT_EQ(fs::last_write_time(run_of("parts", "mlp") / "DONE"), before);
  const auto pages = run({"reproduce", "table1", "--from", path("parts/results.json"), "--out", path("pages")});
  ASSERT_EQ(pages.status, 0) << pages.err;
  EXPECT_EQ(read_file(folder_ / "pages/results.html"), read_file(folder_ / "parts/results.html"));
  EXPECT_EQ(read_file(folder_ / "pages/results.md"), read_file(folder_ / "parts/results.md"));
}

TEST_F(Reproduce, IsTheSameInParts) {
  ASSERT_EQ(run(words("table1", "whole")).status, 0);
  const auto first = run(words("table1", "first", {"--only", "none-*"}));
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(count_finished("first"), 1);
  EXPECT_NE(read_file(folder_ / "first/results.md").find("not run"), std::string::npos) << "the others are missing";
  expect_refused(run(words("table1", "first", {"--only", "nune-*"})), "'nune-*': matches no run");
  ASSERT_EQ(run(words("table1", "second", {"--only", "mlp-*", "--only", "linear-*", "--only", "direct-*"})).status, 0);
  const auto both = run({"reproduce", "table1", "--from", path("first/results.json"), "--from",
                         path("second/results.json"), "--out", path("both")});
  ASSERT_EQ(both.status, 0) << both.err;
  const Json a = results("whole"), b = results("both");
  ASSERT_EQ(a["runs"].size(), b["runs"].size());
  for (const auto& run : a["runs"]) {
    const auto same =
        std::find_if(b["runs"].begin(), b["runs"].end(), [&](const auto& r) { return r["id"] == run["id"]; });
    ASSERT_NE(same, b["runs"].end()) << run["id"].dump();
    for (const char* key : {"top1", "knn", "spectra"})
      EXPECT_EQ(run[key], (*same)[key]) << run["id"].dump() << ", " << key;
  }
}

TEST_F(Reproduce, GoesOnPastARunThatFails) {
  ASSERT_EQ(run(words("fig2", "out")).status, 0);
  const fs::path mlp = run_of("out", "mlp");
  const std::string good = read_file(mlp / "probe.json");
  write_file(mlp / "probe.json", "{\"top1\": ");
  // A run directory that is damaged beyond use.
  const auto once = run(words("fig7", "out"));
  EXPECT_EQ(once.status, 1);
  EXPECT_NE(once.err.find("1 of 2 runs failed"), std::string::npos) << once.err;
  const Json damaged = results("out");
  EXPECT_NE(damaged["runs"][0]["problem"].get<std::string>().find("probe.json: damaged result file"),
            std::string::npos);
  EXPECT_FALSE(damaged["runs"][1].contains("problem")) << "the other run went on";
  EXPECT_NE(read_file(folder_ / "out/results.md").find("Failed: mlp-s0"), std::string::npos);
  write_file(mlp / "probe.json", good);
  EXPECT_EQ(run(words("fig7", "out")).status, 0);

  const fs::path none = run_of("out", "none");
  fs::remove(none / "DONE");
  write_file(none / "config.toml", "[train\n");
  const auto twice = run(words("fig7", "out"));
  EXPECT_EQ(twice.status, 1);
  EXPECT_NE(twice.err.find("run none-s0"), std::string::npos) << twice.err;
  EXPECT_NE(twice.err.find("config.toml"), std::string::npos) << twice.err;
  EXPECT_TRUE(fs::exists(none / "encoder.safetensors")) << "nothing is lost";
}

TEST_F(Reproduce, SaysWhenTheDiskIsFull) {
  // A limit on file sizes that the weights exceed, and the signal of it ignored, is what a full disk looks like.
  const auto arguments = words("fig2", "full");
  std::string command = "trap '' XFSZ; ulimit -f 60; exec " + test::program();
  for (const auto& word : arguments) command += " '" + word + "'";
  const auto outcome = finish(start_program("/bin/bash", {"bash", "-c", command}));
  EXPECT_EQ(outcome.status, 1) << outcome.out;
  EXPECT_NE(outcome.err.find("run mlp-s0"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("File too large"), std::string::npos) << outcome.err;
  EXPECT_EQ(run(arguments).status, 0) << "with room again, the same command ends well";
}

TEST_F(Reproduce, RefusesBadInput) {
  expect_refused(run({"reproduce", "tabel1", "--out", path("x")}), "did you mean 'table1'?");
  expect_refused(run({"reproduce", "table1", "--scale", "huge", "--out", path("x")}),
                 "smoke | cpu | cpu-2222 | gpu | paper");
  expect_refused(run({"reproduce", "table1", "--scale", "cpu", "--out", path("x")}), "no data given");
  expect_refused(run({"reproduce", "table1", "--data", "folder:/nowhere", "--out", path("x")}), "/nowhere");
  expect_refused(run({"reproduce", "table1"}), "--out");
  fs::create_directories(folder_ / "photos");
  for (const char* name : {"a.jpg", "b.jpg"}) fs::copy_file(test::fixture("rgb_444.jpg"), folder_ / "photos" / name);
  expect_refused(run({"reproduce", "fig2", "--data", "folder:" + path("photos"), "--out", path("x")}),
                 "photos: has no test images, and the suite compares accuracies on them");
  expect_refused(run(words("table1", "x", {"--projector", "mlp"})), "what the suite varies");
  expect_refused(run({"reproduce", "table1", "--from", path("nothing.json"), "--out", path("x")}), "nothing.json");
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(Reproduce, PlansWithoutTheData) {
  const auto plan = run({"reproduce", "all", "--scale", "paper", "--dry-run", "--json"});
  ASSERT_EQ(plan.status, 0) << plan.err;
  const Json object = Json::parse(plan.out);
  EXPECT_EQ(object["runs"].size(), 14u);
  EXPECT_GT(object["predicted_seconds"].get<double>(), 3600);
  const auto here = run(words("table1", "x", {"--dry-run"}));
  ASSERT_EQ(here.status, 0) << here.err;
  EXPECT_NE(here.out.find("4 runs of 2 epochs over 64 images"), std::string::npos) << here.out;
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(Reproduce, WritesScriptsThatItsPagesAreMadeFrom) {
  const auto more = std::vector<std::string>{"--commands", "--nodes", "2", "--gpus", "4"};
  ASSERT_EQ(run(words("fig7", "cluster", more)).status, 0);
  const fs::path commands = folder_ / "cluster" / "commands";
  int scripts = 0;
  for (const auto& entry : fs::directory_iterator(commands)) {
    if (entry.path().extension() == ".toml") continue;
    ++scripts;
    const std::string text = read_file(entry.path());
    const bool slurm = entry.path().extension() == ".slurm";
    EXPECT_NE(text.find(slurm ? "#SBATCH --nodes=2" : "--nnodes 2 --nproc-per-node 4"), std::string::npos) << text;
    // With launchers that start one process, the scripts do what they say.
    const std::string setup =
        "srun() { \"$@\"; }; torchrun() { while [ \"$1\" != directclr ]; do shift; done; \"$@\"; }; directclr() { '" +
        test::program() + "' \"$@\" --threads 1; }; ";
    const auto outcome =
        finish(start_program("/bin/bash", {"bash", "-c",
                                           setup + "export OUT='" + path("cluster") +
                                               "' HEAD_NODE=localhost WORKERS=1; . '" + entry.path().string() + "'"}));
    EXPECT_EQ(outcome.status, 0) << entry.path() << "\n" << outcome.err;
  }
  EXPECT_EQ(scripts, 4);
  ASSERT_EQ(run(words("fig7", "cluster")).status, 0);
  const auto made = results("cluster");
  for (const auto& one : made["runs"]) EXPECT_FALSE(one.contains("problem"));
  EXPECT_FALSE(fs::exists(run_of("cluster", "mlp").string() + ".log")) << "it ran again";
}

class Experiment : public Reproduce {
 protected:
  // Two variants at the size of a test, with two seeds; the file and the words that carry it out.
  std::vector<std::string> experiment(const std::string& out, const std::vector<std::string>& more = {}) const {
    write_file(folder_ / "mine.toml",
               "[experiment]\ntitle = \"Mine\"\nseeds = 2\nbaseline = \"none\"\n[settings]\ndata = \"" + data_ +
                   "\"\nlimit = 64\nepochs = 2\nbatch_size = 16\narch = \"basic:1,1,1,1:4\"\nstem = \"small\"\n"
                   "log_every = 1\n[evaluation]\ncached = true\n[variants.none]\nprojector = \"none\"\n"
                   "[variants.direct]\nlabel = \"DirectCLR\"\nprojector = \"direct\"\nd0 = 8\ndims = \"0:8\"\n");
    std::vector<std::string> words = {"experiment", path("mine.toml"), "--out", path(out)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(Experiment, GoesOnAfterAnInterruptionAndComparesPairs) {
  const pid_t child = start(experiment("out"));
  wait_for([&] { return count_finished("out") >= 1; });
  ::kill(child, SIGINT);
  const auto stopped = finish(child);
  ASSERT_EQ(stopped.status, 3) << stopped.err;
  const std::string part = read_file(folder_ / "out/results.md");
  EXPECT_NE(part.find(std::to_string(count_finished("out")) + " of 4 runs finished"), std::string::npos) << part;
  EXPECT_LT(count_finished("out"), 4);
  const auto done = run(experiment("out"));
  ASSERT_EQ(done.status, 0) << done.err;
  const std::string page = read_file(folder_ / "out/results.md");
  EXPECT_NE(page.find("# Mine\n"), std::string::npos) << page;
  EXPECT_NE(page.find("minus none"), std::string::npos) << page;
  EXPECT_NE(page.find("P(DirectCLR > none)"), std::string::npos) << page;
  EXPECT_NE(page.find("4 of 4 runs finished"), std::string::npos) << page;
  const Json object = results("out");
  EXPECT_EQ(object["scale"], Json(""));
  EXPECT_EQ(object["variants"][1]["settings"]["d0"], Json("8"));
  EXPECT_FALSE(object["settings"].contains("projector")) << "it is what varies";
  EXPECT_TRUE(object["runs"][1]["columns_top1"].contains("0:8"));

  const auto pages = run({"experiment", path("mine.toml"), "--from", path("out/results.json"), "--out", path("pages")});
  ASSERT_EQ(pages.status, 0) << pages.err;
  EXPECT_EQ(read_file(folder_ / "pages/results.html"), read_file(folder_ / "out/results.html"));
}

TEST_F(Experiment, PlansAndRefusesBeforeAnyRun) {
  const auto plan = run(experiment("x", {"--dry-run", "--json", "--seeds", "3", "--only", "none-*"}));
  ASSERT_EQ(plan.status, 0) << plan.err;
  EXPECT_EQ(Json::parse(plan.out)["runs"].size(), 3u);
  expect_refused(run(experiment("x", {"--d0", "4"})), "--d0: is what the suite varies");
  expect_refused(run(experiment("x", {"--epochs", "0"})), "--epochs: 0 is out of range");
  expect_refused(run({"experiment", path("absent.toml"), "--out", path("x")}), "absent.toml");
  write_file(folder_ / "bad.toml",
             "[variants.wide]\nd0 = 65\n[settings]\narch = \"basic:1,1,1,1:4\"\ndata = \"" + data_ + "\"\n");
  expect_refused(run({"experiment", path("bad.toml"), "--out", path("x")}), "variant wide: --d0: 65");
  write_file(folder_ / "bad.toml", "[variants.wide]\nd00 = 65\n");
  expect_refused(run({"experiment", path("bad.toml"), "--out", path("x")}),
                 "bad.toml:2: variants.wide.d00: unknown key");
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

}  // namespace
}  // namespace directclr
