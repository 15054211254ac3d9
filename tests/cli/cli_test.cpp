// The real program, started as a user starts it: exit status, messages, files.
#include "tests/cli/cli.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/run_id.h"
#include "directclr/core/text.h"
#include "tests/support/golden.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;
using Cli = test::Cli;
using test::Outcome;

TEST_F(Cli, TrainsEvaluatesAndReports) {
  const Outcome trained =
      train({"--out", path("run"), "--projector", "direct", "--d0", "8", "--json", "--knn-every", "1"});
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_EQ(Json::parse(trained.out).at("steps"), 10);
  for (const char* file :
       {"config.toml", "environment.json", "metrics.jsonl", "events.out.tfevents.0.directclr", "encoder.safetensors",
        "projector.safetensors", "figures/views.png", "DONE", "checkpoints/step-10.safetensors"}) {
    EXPECT_TRUE(fs::exists(folder_ / "run" / file)) << file;
  }
  EXPECT_NE(read_file(folder_ / "run/metrics.jsonl").find("knn_top1"), std::string::npos);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"probe", path("run"), "--cached", "--json"},
        {"probe", path("run"), "--dims", "0:8", "--cached", "--json"},
        {"probe", path("run"), "--random-init", "--cached", "--json"},
        {"probe", path("run"), "--probe-epochs", "1", "--json"},
        {"knn", path("run"), "--k", "3", "--json"},
        {"spectrum", path("run"), "--json"},
        {"spectrum", path("run"), "--layer", "embedding", "--l2-normalize", "--json"},
        {"embed", path("run"), "--out", path("f.npy"), "--json"},
        {"embed", path("run"), "--out", path("f.safetensors"), "--layer", "embedding", "--split", "train", "--json"},
        {"export", path("run"), "--out", path("e.safetensors"), "--json"},
        {"report", path("run"), "--json"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << words[0] << ": " << outcome.err;
    EXPECT_TRUE(Json::try_parse(outcome.out).has_value()) << words[0] << ": " << outcome.out;
  }
  for (const char* file : {"probe.json", "probe-dims-0-8.json", "probe-random-init.json", "knn.json", "report.html",
                           "spectrum/representation.json", "spectrum/embedding.svg"}) {
    EXPECT_TRUE(fs::exists(folder_ / "run" / file)) << file;
  }
  const auto probe = Json::parse(read_file(folder_ / "run/probe.json"));
  EXPECT_EQ(probe.at("protocol").at("method"), "SGD on random crops and flips");  // the later of the two
  EXPECT_EQ(probe.at("protocol").at("epochs"), 1);
}

TEST_F(Cli, EvaluatesAllAtOnceAsOneByOne) {
  ASSERT_EQ(train({"--limit", "64", "--projector", "direct", "--d0", "8", "--out", path("run")}).status, 0);
  EXPECT_NE(read_file(folder_ / "run/environment.json").find("\"images\": 64"), std::string::npos);
  const std::vector<std::string> files = {"probe.json", "probe-dims-0-8.json",          "probe-random-init.json",
                                          "knn.json",   "spectrum/representation.json", "spectrum/embedding.json"};
  const std::vector<std::string> threads = {"--threads", "1"};
  std::map<std::string, std::string> singly;
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{{"probe", "--cached"},
                                                                              {"probe", "--cached", "--dims", "0:8"},
                                                                              {"probe", "--cached", "--random-init"},
                                                                              {"knn"},
                                                                              {"spectrum"},
                                                                              {"spectrum", "--layer", "embedding"}}) {
    words.insert(words.begin() + 1, path("run"));
    words.insert(words.end(), threads.begin(), threads.end());
    const auto outcome = run(words);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  for (const auto& file : files) {
    singly[file] = read_file(folder_ / "run" / file);
    std::filesystem::remove(folder_ / "run" / file);
  }
  const auto outcome = run({"evaluate", path("run"), "--cached", "--dims", "0:8", "--random-init", "--threads", "1"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const auto& file : files) EXPECT_EQ(read_file(folder_ / "run" / file), singly[file]) << file;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "evaluation.json"));
  EXPECT_NE(outcome.out.find("columns 0:8"), std::string::npos) << outcome.out;

  // Fewer images are another result, which says so; a new training leaves no old result behind.
  ASSERT_EQ(run({"evaluate", path("run"), "--cached", "--feature-limit", "30", "--threads", "1"}).status, 0);
  EXPECT_NE(read_file(folder_ / "run/probe.json").find("\"images\": 30"), std::string::npos);
  expect_refused(run({"evaluate", path("run"), "--feature-limit", "30"}), "goes with --cached");
  expect_refused(run({"evaluate", path("run"), "--dims", "5"}), "no range of columns");
  ASSERT_EQ(train({"--overwrite", "--out", path("run")}).status, 0);
  for (const auto& file : files) EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / file)) << file;
}

// Of 80 images; what a classifier learns from is another question.
TEST_F(Cli, LooksAtTheImagesThatTheRunWasTrainedOn) {
  ASSERT_EQ(train({"--limit", "64", "--projector", "none", "--out", path("run")}).status, 0);
  const Outcome explained =
      run({"explain", path("run"), "--images", "80", "--batch", "16", "--no-attribution", "--examples", "0", "--json"});
  ASSERT_EQ(explained.status, 0) << explained.err;
  EXPECT_EQ(Json::parse(explained.out).at("images"), 64);
  EXPECT_EQ(Json::parse(explained.out).at("protocol").at("read").at("train").at("images"), 64);
  const std::string said =
      "notice: the training images are the 64 that the run was trained on (its limit), of 80; --data ";
  EXPECT_NE(explained.err.find(said + data_ + " takes all\n"), std::string::npos) << explained.err;
  const auto rows = [&](std::vector<std::string> words, const char* key, bool told) {
    words.insert(words.begin() + 1, path("run"));
    words.insert(words.end(), {"--threads", "1", "--json"});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err.find(said) != std::string::npos, told) << words[0] << ": " << outcome.err;
    const Json object = Json::parse(outcome.out);
    return object.contains(key) ? object.at(key).get<int64_t>() : object.at("protocol").at(key).get<int64_t>();
  };
  EXPECT_EQ(rows({"embed", "--out", path("f.npy"), "--split", "train"}, "rows", true), 64);
  EXPECT_EQ(rows({"embed", "--out", path("f.npy"), "--split", "train", "--data", data_}, "rows", false), 80);
  EXPECT_EQ(rows({"embed", "--out", path("f.npy"), "--split", "test"}, "rows", false), 40);
  EXPECT_EQ(rows({"spectrum", "--split", "train"}, "samples", true), 64);
  EXPECT_EQ(rows({"knn"}, "images", false), 80);
}

TEST_F(Cli, ExplainsATrainedRun) {
  for (const std::string projector : {"mlp", "direct"}) {
    const std::string out = path("run-" + projector);
    ASSERT_EQ(train({"--projector", projector, "--out", out}).status, 0);
    const Outcome outcome = run({"explain", out, "--images", "64", "--batch", "16", "--examples", "3", "--json"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto printed = Json::parse(outcome.out);
    const auto written = Json::parse(read_file(out + "/explain/explain.json"));
    EXPECT_EQ(written, printed);
    EXPECT_EQ(written.at("images"), 64);
    const size_t width = written.at("x").at("eigenvalues").size();
    EXPECT_EQ(written.at("x").at("held_out").size(), width);
    EXPECT_EQ(written.contains("x_representation"), projector == "mlp") << "there r is not the last layer's input";
    EXPECT_EQ(written.at("growth").at("singular"), projector == "mlp");
    // As trained, each of four operations alone and left out, two strengths.
    EXPECT_EQ(written.at("attribution").size(), 11u);
    EXPECT_EQ(written.at("examples").size(), 3u);
    EXPECT_EQ(static_cast<int64_t>(written.at("x").at("certain").size()), written.at("x").at("negative_for_certain"));
    EXPECT_EQ(written.at("protocol").at("augmentation").at("flip_probability"), 0.5);
    EXPECT_GE(written.at("examples")[0].at("times_mean").get<double>(), 1);
    for (const char* file : {"index.html", "examples.png", "contrast.svg", "eigenvalues.csv", "growth.gp"}) {
      EXPECT_TRUE(fs::exists(out + "/explain/" + file)) << file;
    }
  }
  expect_refused(run({"explain", path("run-mlp"), "--images", "20", "--batch", "16"}), "do not fill two batches");
  const Outcome few = run({"explain", path("run-mlp"), "--images", "64", "--batch", "16", "--no-attribution"});
  EXPECT_NE(few.out.find("- No conclusion: 64 images in batches of 16 are too few for 32 directions. Take 128 or more"),
            std::string::npos)
      << few.out;
  expect_refused(run({"explain", path("run-mlp"), "--tau", "1"}), "--tau: is for files of weights");
  ASSERT_EQ(train({"--loss", "vicreg", "--epochs", "1", "--out", path("run-vicreg")}).status, 0);
  expect_refused(run({"explain", path("run-vicreg"), "--images", "64", "--batch", "16"}),
                 "--loss vicreg: has no weights of pairs of images");

  // The encoder alone, as another program would find it.
  ASSERT_EQ(run({"export", path("run-mlp"), "--out", path("encoder.safetensors")}).status, 0);
  const Outcome foreign = run({"explain", path("encoder.safetensors"), "--arch", "basic:1,1,1,1:4", "--stem", "small",
                               "--data", data_, "--images", "64", "--batch", "16", "--no-attribution"});
  ASSERT_EQ(foreign.status, 0) << foreign.err;
  EXPECT_TRUE(fs::exists(folder_ / "encoder.safetensors.explain/index.html"));
  EXPECT_FALSE(fs::exists(folder_ / "encoder.safetensors.explain/.lock"));
  {
    const FolderLock owner(folder_ / "encoder.safetensors.explain");
    expect_refused(run({"explain", path("encoder.safetensors"), "--arch", "basic:1,1,1,1:4", "--stem", "small",
                        "--data", data_, "--images", "64", "--batch", "16"}),
                   "encoder.safetensors.explain: process ");
    expect_refused(run({"explain", path("run-mlp"), "--images", "64", "--batch", "16", "--out",
                        path("encoder.safetensors.explain")}),
                   "encoder.safetensors.explain: process ");
  }
  expect_refused(run({"explain", path("encoder.safetensors"), "--arch", "basic:1,1,1,1:8", "--data", data_}),
                 "another shape");
  expect_refused(run({"explain", path("encoder.safetensors"), "--data", data_}), "--arch");
  expect_refused(run({"explain", path("encoder.safetensors"), "--arch", "resnet18"}), "--data");
}

TEST_F(Cli, ExportsRefuseWhatTheyCannotHold) {
  ASSERT_EQ(train({"--out", path("run"), "--epochs", "1"}).status, 0);
  expect_refused(run({"export", path("run"), "--out", path("e.onnx")}),
                 "e.onnx' does not end in .safetensors (--format onnx?)");
  expect_refused(run({"export", path("run"), "--format", "onx", "--out", path("e.onnx")}), "did you mean 'onnx'?");
  expect_refused(run({"export", path("run"), "--format", "timm", "--projector", "--out", path("t")}),
                 "--projector: timm's models have none");
  expect_refused(run({"export", path("run"), "--format", "timm", "--out", path("t")}),
                 "timm has no ResNet with the stem");
  EXPECT_FALSE(fs::exists(folder_ / "t"));
  fs::remove(folder_ / "run/DONE");
  expect_refused(run({"export", path("run"), "--format", "onnx", "--out", path("e.onnx")}), "the run is not finished");
  EXPECT_FALSE(fs::exists(folder_ / "e.onnx"));
}

TEST_F(Cli, StopsWhenTheRankFallsUnderItsFloor) {
  const std::vector<std::string> words = {"--log-every",      "1", "--monitor-every", "1",
                                          "--monitor-memory", "2", "--epochs",        "60",
                                          "--warmup-epochs",  "0", "--out",           path("run")};
  auto floored = words;
  floored.insert(floored.end(), {"--stop-under", "rank=0.99D"});
  const Outcome stopped = train(floored);
  EXPECT_EQ(stopped.status, 5) << stopped.err;
  EXPECT_NE(stopped.err.find("directclr: effective-rank is"), std::string::npos) << stopped.err;
  EXPECT_NE(stopped.err.find("(--stop-under)\ndirectclr: stopped after step 5 of"), std::string::npos)
      << "a line a gate, and not within the first epoch: " << stopped.err;
  EXPECT_FALSE(fs::exists(folder_ / "run/DONE"));
  EXPECT_FALSE(fs::is_empty(folder_ / "run/checkpoints"));
  auto as_json = floored;
  as_json.insert(as_json.end(), {"--overwrite", "--json"});
  const Outcome object = train(as_json);
  EXPECT_EQ(object.status, 5);
  EXPECT_EQ(Json::parse(object.out).at("gates_not_passed").size(), 2u);
  const auto line = Json::parse(read_file(folder_ / "run/metrics.jsonl")
                                    .substr(0, 2000)
                                    .substr(0, read_file(folder_ / "run/metrics.jsonl").find('\n')));
  for (const char* name : {"rank_r", "dead_r", "dead_z", "alignment_z", "uniformity_z", "uniformity_r"}) {
    EXPECT_TRUE(line.contains(name)) << name;
  }
  // It goes on once the floor is gone.
  EXPECT_EQ(run({"train", "--resume", "--stop-under", "", "--out", path("run")}).status, 0);
  EXPECT_TRUE(fs::exists(folder_ / "run/DONE"));
}

TEST_F(Cli, TrainsWithSmallViews) {
  ASSERT_EQ(train({"--out", path("run"), "--local-views", "3", "--local-size", "12"}).status, 0);
  const std::string config = read_file(folder_ / "run/config.toml");
  EXPECT_NE(config.find("local_views = 3"), std::string::npos);
  ASSERT_EQ(train({"--out", path("again"), "--local-views", "3", "--local-size", "12", "--workers", "3"}).status, 0);
  EXPECT_EQ(read_file(folder_ / "run/encoder.safetensors"), read_file(folder_ / "again/encoder.safetensors"));
  ASSERT_EQ(run({"data", "dump", data_, "--local-views", "2", "-n", "3", "--out", path("dump")}).status, 0);
  EXPECT_NE(read_file(folder_ / "dump/local_views.npy").find("(3, 2, 14, 14, 3)"), std::string::npos);
  ASSERT_EQ(run({"data", "dump", data_, "-n", "3", "--out", path("dump")}).status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "dump/local_views.npy")) << "of the dump before";
  ASSERT_EQ(run({"data", "views", data_, "--local-views", "5", "--out", path("views.png")}).status, 0);
  expect_refused(run({"data", "views", data_, "--local-views", "17", "--out", path("x.png")}), "0 .. 16");
  expect_refused(run({"data", "views", data_, "--local-scale-min", "0.5", "--out", path("x.png")}),
                 "--local-scale-min: the minimum is above the maximum");
}

TEST_F(Cli, TheResolvedConfigurationRepeatsTheRun) {
  ASSERT_EQ(train({"--out", path("a"), "--crop-scale-min", "0.5"}).status, 0);
  ASSERT_EQ(run({"train", "--config", path("a/config.toml"), "--out", path("b")}).status, 0);
  EXPECT_EQ(read_file(folder_ / "a/encoder.safetensors"), read_file(folder_ / "b/encoder.safetensors"));
  const auto without_id = [](const std::string& config) { return config.substr(config.find('\n')); };
  EXPECT_EQ(without_id(read_file(folder_ / "a/config.toml")), without_id(read_file(folder_ / "b/config.toml")));
  EXPECT_NE(read_file(folder_ / "a/config.toml").find("crop_scale_min = 0.5"), std::string::npos);
}

TEST_F(Cli, ASignalSavesAndTheRunResumesExactly) {
  ASSERT_EQ(train({"--out", path("whole"), "--epochs", "40"}).status, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    fs::remove_all(folder_ / "run");
    const pid_t child = start({"train", "--config", path("whole/config.toml"), "--out", path("run")});
    while (!fs::exists(folder_ / "run/checkpoints")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ::kill(child, signal);
    const Outcome stopped = finish(child);
    EXPECT_EQ(stopped.status, 3) << stopped.err;
    EXPECT_NE(stopped.err.find("continue with: directclr train --resume --out"), std::string::npos) << stopped.err;
    const Outcome resumed = run({"train", "--resume", "--out", path("run")});
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(read_file(folder_ / "whole/encoder.safetensors"), read_file(folder_ / "run/encoder.safetensors"));
  }
}

// timeout, and others, send their signal to the process and to its group: twice.
TEST_F(Cli, ASignalThatComesTwiceIsOne) {
  const pid_t child = start({"train", "--data", data_, "--arch", "basic:1,1,1,1:4", "--stem", "small", "--threads", "1",
                             "--batch-size", "16", "--epochs", "10000", "--out", path("run")});
  while (!fs::exists(folder_ / "run/checkpoints")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ::kill(child, SIGINT);
  const Outcome stopped = finish(child);
  EXPECT_EQ(stopped.status, 3) << stopped.err;
  EXPECT_NE(stopped.err.find("continue with: directclr train --resume --out"), std::string::npos) << stopped.err;
}

// With nohup the end of a terminal ends nothing.
TEST_F(Cli, AnIgnoredHangUpStaysIgnored) {
  const std::string command = "trap '' HUP; exec " + test::program() + " train --data '" + data_ +
                              "' --arch basic:1,1,1,1:4 --stem small --threads 1 --batch-size 16 --epochs 40 --out " +
                              path("run");
  const pid_t child = start_program("/bin/bash", {"bash", "-c", command});
  while (!fs::exists(folder_ / "run/checkpoints")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGHUP);
  const Outcome outcome = finish(child);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / "run/DONE"));
}

// The terminal, the pager or the `tee` that took what is said may be gone, and a daemon has none: the work goes on, and
// no word of it lands in a file of the run.
TEST_F(Cli, NobodyNeedsToListen) {
  const std::string words = test::program() + " train --data '" + data_ +
                            "' --arch basic:1,1,1,1:4 --threads 1 --batch-size 16 --epochs 1 --log-every 1 --out ";
  const auto in_shell = [&](const std::string& command) {
    return finish(start_program("/bin/bash", {"bash", "-c", command}));
  };
  const std::string broken_pipe = "exec 3> >(exec true); wait $!; exec ";
  EXPECT_EQ(in_shell(broken_pipe + words + path("pipe") + " 2>&3").status, 0);
  EXPECT_EQ(in_shell("exec " + words + path("closed") + " 2>&-").status, 0);
  EXPECT_EQ(in_shell("exec " + words + path("daemon") + " <&- >&- 2>&-").status, 2) << "nobody took its result";
  for (const std::string run : {"pipe", "closed", "daemon"}) {
    EXPECT_TRUE(fs::exists(folder_ / run / "DONE")) << run;
    const std::string metrics = read_file(folder_ / run / "metrics.jsonl");
    for (const auto& line : split(metrics.substr(0, metrics.size() - 1), '\n')) {
      EXPECT_TRUE(Json::try_parse(line).has_value()) << run << ": " << line;
    }
    EXPECT_EQ(run_id_of(folder_ / run / "config.toml").size(), 16U) << run;
  }
  const Outcome result = in_shell(broken_pipe + test::program() + " theory check --json >&3");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("standard output: cannot be written: Broken pipe"), std::string::npos) << result.err;
}

TEST_F(Cli, ARunHasOneOwner) {
  const pid_t child =
      start_program(test::program().c_str(),
                    {test::program(), "train", "--data", data_, "--arch", "basic:1,1,1,1:4", "--stem", "small",
                     "--threads", "1", "--batch-size", "16", "--epochs", "10000", "--out", path("run")},
                    "first");
  while (!fs::exists(folder_ / "run/checkpoints")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::string config = read_file(folder_ / "run/config.toml");
  const std::string owner = "run: process " + std::to_string(child) + " on ";
  expect_refused(train({"--out", path("run"), "--overwrite", "--seed", "3"}), owner);
  expect_refused(run({"train", "--resume", "--out", path("run")}), owner);
  expect_refused(run({"knn", path("run")}), owner);
  expect_refused(run({"evaluate", path("run")}), owner);
  expect_refused(run({"explain", path("run")}), owner);
  EXPECT_EQ(read_file(folder_ / "run/config.toml"), config);
  ::kill(child, SIGKILL);
  finish(child, "first");
  EXPECT_TRUE(fs::exists(folder_ / "run/.lock")) << "it was left by a dead process";
  EXPECT_EQ(train({"--out", path("run"), "--overwrite"}).status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "run/.lock"));
  EXPECT_EQ(run({"knn", path("run"), "--k", "3"}).status, 0);
  const auto id = [&](const char* file) { return Json::parse(read_file(folder_ / "run" / file)); };
  EXPECT_EQ(id("knn.json").at("protocol").at("run_id"), id("DONE").at("run_id"));
  // A file of another run among them.
  ASSERT_EQ(train({"--out", path("other")}).status, 0);
  fs::copy_file(folder_ / "other/environment.json", folder_ / "run/environment.json",
                fs::copy_options::overwrite_existing);
  expect_refused(run({"knn", path("run")}), "holds files of two runs: config.toml is of run ");
  expect_refused(run({"report", path("run")}), "holds files of two runs");
  expect_refused(run({"train", "--resume", "--out", path("run")}), "holds files of two runs");
}

TEST_F(Cli, AFinishedRunCanHaveMoreEpochs) {
  ASSERT_EQ(train({"--out", path("run"), "--keep-best", "rank_r"}).status, 0);
  expect_refused(run({"train", "--resume", "--out", path("run"), "--epochs", "1"}),
                 "--epochs: '1' differs from the run's '2' (a run can be given more epochs, not fewer)");
  const Outcome longer = run({"train", "--resume", "--out", path("run"), "--epochs", "4", "--json"});
  ASSERT_EQ(longer.status, 0) << longer.err;
  EXPECT_EQ(Json::parse(longer.out).at("steps"), 20);
  EXPECT_NE(longer.err.find("4 epochs instead of 2: from step 11 on"), std::string::npos) << longer.err;
  EXPECT_TRUE(fs::exists(folder_ / "run/best.safetensors"));
  ASSERT_EQ(run({"export", path("run"), "--best", "--out", path("best.safetensors")}).status, 0);
  const Outcome spectrum = run({"spectrum", path("best.safetensors"), "--weights", "--json"});
  ASSERT_EQ(spectrum.status, 0) << spectrum.err;
  EXPECT_EQ(Json::parse(spectrum.out).at("matrices")[0].at("name"), "conv1.weight");
  fs::remove(folder_ / "run/best.safetensors");
  expect_refused(run({"export", path("run"), "--best", "--out", path("best.safetensors")}), "keeps no best state");
  expect_refused(train({"--out", path("x"), "--keep-best", "knn_top1"}), "--keep-best: knn_top1 is not measured");
}

TEST_F(Cli, AFullDiskIsNamedWithHowToGoOn) {
  // A limit on file sizes that checkpoints exceed, and the signal of it ignored, is what a full disk looks like.
  const std::string words =
      " train --data '" + data_ + "' --arch basic:1,1,1,1:4 --stem small --threads 1 --batch-size 16";
  const std::string command = "trap '' XFSZ; ulimit -f 60; exec " + test::program() + words + " --out " + path("run");
  const Outcome full = finish(start_program("/bin/bash", {"bash", "-c", command}));
  expect_refused(full,
                 ".safetensors: cannot write: File too large (free some space, then continue with: directclr train "
                 "--resume --out " +
                     path("run") + ")");
  EXPECT_EQ(run({"train", "--resume", "--out", path("run"), "--epochs", "100"}).status, 0);
}

TEST_F(Cli, SaysWhenNobodyTakesTheResult) {
  const Outcome outcome =
      finish(start_program("/bin/bash", {"bash", "-c", "exec " + test::program() + " theory check --json >/dev/full"}));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("standard output: cannot be written: No space left"), std::string::npos) << outcome.err;
}

TEST_F(Cli, RefusesBadData) {
  const auto refused = [&](const std::string& data, const std::string& expected) {
    expect_refused(run({"train", "--data", data, "--arch", "basic:1,1,1,1:4", "--batch-size", "4", "--image-size", "32",
                        "--threads", "1", "--out", path("bad")}),
                   expected);
    EXPECT_FALSE(fs::exists(folder_ / "bad/config.toml"));
    fs::remove_all(folder_ / "bad");
  };
  refused("folder:/no/such/folder", "/no/such/folder: there is no such directory");
  fs::create_directories(folder_ / "empty");
  refused("folder:" + path("empty"), "holds no images");
  fs::create_directories(folder_ / "one");
  fs::copy_file(test::fixture("rgb_444.jpg"), folder_ / "one/a.jpg");
  refused("folder:" + path("one"), "contrastive learning needs at least two images");
  fs::copy_file(test::fixture("rgb_420.jpg"), folder_ / "one/b.jpg");
  refused("folder:" + path("one"), "--batch-size: 4 is larger than the data (2 images)");
  const std::string images = read_file(folder_ / "data/train-images-idx3-ubyte");
  write_file(folder_ / "data/train-images-idx3-ubyte", images.substr(0, images.size() / 2));
  refused(data_, "the file is truncated");
  write_file(folder_ / "data/train-images-idx3-ubyte", "\xFF" + images.substr(1));
  refused(data_, "wrong magic number");
  write_file(folder_ / "data/train-images-idx3-ubyte", images);
  write_file(folder_ / "data/train-labels-idx1-ubyte", test::big_endian(0x801) + test::big_endian(3) + "\1\2\3");
  refused(data_, "80 images but 3 labels");
}

TEST_F(Cli, NamesABrokenImageAndSkipsItWhenAsked) {
  fs::create_directories(folder_ / "photos");
  for (int i = 0; i < 8; ++i) {
    fs::copy_file(test::fixture(i == 3 ? "truncated.jpg" : "rgb_444.jpg"),
                  folder_ / "photos" / (std::to_string(i) + ".jpg"));
  }
  expect_refused(train_on_folder("photos", {"--out", path("strict")}), "3.jpg: truncated JPEG");
  const Outcome outcome = train_on_folder("photos", {"--skip-bad", "--out", path("lenient")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("skipped"), std::string::npos) << outcome.err;
}

// The test part lacks a class: labels, scores and the k-NN score in training go by the classes' names.
TEST_F(Cli, MatchesTestClassesByName) {
  const auto add = [&](const std::string& name, const std::string& what) {
    fs::create_directories((folder_ / name).parent_path());
    fs::copy_file(test::fixture(what), folder_ / name);
  };
  for (const char* i : {"1.x", "2.x", "3.x", "4.x"}) {
    add(std::string("set/train/a/") + i, "rgb_444.jpg");
    add(std::string("set/train/b/") + i, "formats/held_6.jpg");
    add(std::string("set/train/c/") + i, "formats/lossy.webp");
  }
  add("set/val/a/1.jpg", "rgb_444.jpg");
  add("set/val/c/1.webp", "formats/lossy.webp");
  const Outcome trained = train_on_folder("set", {"--knn-every", "1", "--json", "--out", path("run")});
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_NE(trained.err.find("training part: 12 images of 3 classes"), std::string::npos) << trained.err;
  EXPECT_NE(trained.err.find("has no test images of 1 of 3 classes: b"), std::string::npos) << trained.err;
  EXPECT_EQ(Json::parse(trained.out).at("read").at("classes"), 3);
  EXPECT_NE(read_file(folder_ / "run/metrics.jsonl").find("\"knn_top1\": 1}"), std::string::npos)
      << "the same pictures: " << read_file(folder_ / "run/metrics.jsonl");
  const Outcome knn = run({"knn", path("run"), "--k", "4", "--threads", "1", "--json"});
  ASSERT_EQ(knn.status, 0) << knn.err;
  EXPECT_EQ(Json::parse(knn.out).at("top1"), 1.0);
  EXPECT_EQ(Json::parse(knn.out).at("protocol").at("read").at("test").at("left_out").dump(),
            R"([{"what":"classes without test images","count":1,"first":"b"}])");
  ASSERT_EQ(run({"embed", path("run"), "--out", path("f.npy"), "--threads", "1"}).status, 0);
  const std::string labels = read_file(folder_ / "f.labels.npy");
  EXPECT_EQ(labels.substr(labels.size() - 16), std::string("\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));

  add("set/val/d/1.jpg", "gray.jpg");
  const Outcome refused = train_on_folder("set", {"--knn-every", "1", "--json", "--out", path("more")});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("test images, but no training images, of d"), std::string::npos) << refused.err;
  EXPECT_FALSE(fs::exists(folder_ / "more"));
}

TEST_F(Cli, RefusesBadSettings) {
  expect_refused(train({"--out", path("x"), "--projector", "direct", "--d0", "33"}),
                 "--d0: 33 is more than the representation has");
  expect_refused(train({"--out", path("x"), "--batch-size", "81"}),
                 "--batch-size: 81 is larger than the data (80 images)");
  expect_refused(train({"--out", path("x"), "--batch-size", "1"}), "--batch-size: 1 is out of range");
  expect_refused(train({"--out", path("x"), "--tau", "zero"}), "--tau: 'zero' is not a number");
  expect_refused(train({"--out", path("x"), "--micro-batch", "5"}),
                 "--micro-batch: 5 is no divisor of the batch size 16");
  expect_refused(train({"--out", path("x"), "--crop-scale-min", "0.9", "--crop-scale-max", "0.5"}),
                 "the minimum is above the maximum");
  expect_refused(train({"--out", path("x"), "--device", "gpu"}), "'gpu' is no device");
  expect_refused(train({}), "--out: no run directory given");
  write_file(folder_ / "c.toml", "[train]\nepoks = 3\n");
  expect_refused(train({"--out", path("x"), "--config", path("c.toml")}),
                 "unknown key 'train.epoks' (did you mean 'epochs'?)");
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(Cli, ProtectsAnExistingRun) {
  ASSERT_EQ(train({"--out", path("run")}).status, 0);
  const std::string before = read_file(folder_ / "run/encoder.safetensors");
  expect_refused(train({"--out", path("run")}),
                 "holds a run already (use --resume to continue it, --overwrite to replace it)");
  expect_refused(run({"train", "--resume", "--out", path("run"), "--arch", "basic:1,1,1,1:8"}),
                 "differs from the run's");
  expect_refused(run({"train", "--resume", "--out", path("nothing")}), "there is no run to resume");
  EXPECT_EQ(read_file(folder_ / "run/encoder.safetensors"), before);
  EXPECT_EQ(train({"--out", path("run"), "--overwrite", "--seed", "5"}).status, 0);
  EXPECT_NE(read_file(folder_ / "run/encoder.safetensors"), before);
  expect_refused(run({"probe", path("data")}), "is no run directory");
  expect_refused(run({"probe", path("run"), "--dims", "4:99", "--cached"}), "is no range of columns");
}

TEST_F(Cli, RefusesAnOutputThatCannotBeWritten) {
  expect_refused(train({"--out", "/proc/run"}), "/proc/run: cannot create the directory");
  write_file(folder_ / "file", "in the way");
  expect_refused(train({"--out", path("file/run")}), "cannot create the directory");
}

TEST_F(Cli, LooksAtTheWeightsOfACheckpoint) {
  ASSERT_EQ(train({"--projector", "lowrank", "--d0", "5", "--out", path("run")}).status, 0);
  const Outcome of_run = run({"spectrum", path("run"), "--weights", "--out", path("weights"), "--json"});
  ASSERT_EQ(of_run.status, 0) << of_run.err;
  const auto object = Json::parse(of_run.out);
  EXPECT_EQ(object.at("matrices").back().at("name"), "up");
  EXPECT_EQ(object.at("matrices").back().at("singular_values").size(), 5u);
  EXPECT_EQ(object.at("alignments").back().at("first"), "down");
  EXPECT_TRUE(fs::exists(folder_ / "weights/weights.json"));
  EXPECT_TRUE(fs::exists(folder_ / "weights/alignment-1.svg"));
}

// The whole data set that the system's package brings, and real photographs where the machine has them.
TEST_F(Cli, ReadsRealData) {
  const char* folder = std::getenv("DIRECTCLR_TEST_DATA");
  if (!folder) GTEST_SKIP() << "DIRECTCLR_TEST_DATA names no folder with imagenet-sample-200.tar";
  fs::create_directories(folder_ / "photos");
  const std::string command =
      "tar -xf '" + std::string(folder) + "/imagenet-sample-200.tar' -C '" + path("photos") + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Outcome info = run({"data", "info", "folder:" + path("photos"), "--json"});
  ASSERT_EQ(info.status, 0) << info.err;
  EXPECT_EQ(Json::parse(info.out).at("train").at("images"), 200);
  const Outcome trained = run({"train", "--data", "folder:" + path("photos"), "--image-size", "64", "--arch",
                               "basic:1,1,1,1:8", "--batch-size", "50", "--epochs", "1", "--out", path("photo-run")});
  EXPECT_EQ(trained.status, 0) << trained.err;
}

}  // namespace
}  // namespace directclr
