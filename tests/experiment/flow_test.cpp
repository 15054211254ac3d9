#include "directclr/experiment/flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/experiment/collapse_measures.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/temporary_folder.h"

namespace directclr::experiment {
namespace {

namespace fs = std::filesystem;

// An experiment of one run on pictures in a folder, and a program that is not there: nothing can be trained.
class ExperimentFlow : public ::testing::Test {
 protected:
  void add(const std::string& name) {
    fs::create_directories((folder_ / "photos" / name).parent_path());
    fs::copy_file(test::fixture("rgb_444.jpg"), folder_ / "photos" / name);
  }

  Outcome carry_out(bool dry_run) {
    Scale scale = scales().at("smoke");
    scale.train.data = "folder:" + (folder_ / "photos").string();
    scale.train.batch_size = 2;
    const Suite suite{"one", "", "", "", [this](const Widths&) { return variants_; }, {}};
    Options options;
    options.out = folder_ / "out";
    options.dry_run = dry_run;
    options.machine = "h100";
    options.seeds = 1;
    options.cluster = {.nodes = 1, .gpus = 1};
    return perform({{"One"}, scale, {suite, collapse_measures()}}, options, folder_ / "absent", "", {}, {});
  }

  // Refused in one line that says this, planned or carried out, with nothing written.
  void expect_refused(const std::string& expected) {
    for (const bool dry_run : {true, false}) {
      const std::string message = test::error_of([&] { carry_out(dry_run); });
      EXPECT_NE(message.find(expected), std::string::npos) << expected << "\n" << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      EXPECT_FALSE(fs::exists(folder_ / "out"));
    }
  }

  test::TemporaryFolder folder_;
  std::vector<Variant> variants_ = {{"mlp", "mlp", {}}};
};

TEST_F(ExperimentFlow, RefusesDataWithoutATestPart) {
  add("cats/a.jpg");
  add("dogs/b.jpg");
  expect_refused("photos: has no test images, and the suite compares accuracies on them");
}

TEST_F(ExperimentFlow, RefusesDataWithoutLabels) {
  for (const char* name : {"train/a.jpg", "train/b.jpg", "val/c.jpg"}) add(name);
  expect_refused("labels of the training images, which the suite's accuracies need: folder:");
}

TEST_F(ExperimentFlow, RefusesTestImagesWithoutLabels) {
  for (const char* name : {"train/cats/a.jpg", "train/dogs/b.jpg", "val/c.jpg"}) add(name);
  expect_refused("labels of the test images");
}

TEST_F(ExperimentFlow, RefusesTestImagesOfAClassThatIsNotTrainedOn) {
  for (const char* name : {"train/cats/a.jpg", "train/dogs/b.jpg", "val/cats/c.jpg", "val/mice/d.jpg"}) add(name);
  expect_refused("no training images, of ");
}

// Labels that one variant alone has do not help the other.
TEST_F(ExperimentFlow, LooksAtTheLabelsOfEveryVariant) {
  for (const char* name : {"train/a.jpg", "train/b.jpg", "val/c.jpg", "val/d.jpg"}) add(name);
  const fs::path table = folder_ / "labels.csv";
  write_file(table, "a.jpg,cat\nb.jpg,dog\nc.jpg,cat\nd.jpg,dog\n");
  variants_ = {{"mlp", "mlp", {{"labels", table.string()}}}};
  EXPECT_NE(carry_out(/*dry_run=*/true).text.find("over 2 images"), std::string::npos);
  variants_.push_back({"none", "none", {{"projector", "none"}}});
  expect_refused("labels of the training images");
}

TEST_F(ExperimentFlow, PlansWithLabelsOfBothParts) {
  for (const char* name : {"train/cats/a.jpg", "train/dogs/b.jpg", "val/cats/c.jpg", "val/dogs/d.jpg"}) add(name);
  EXPECT_NE(carry_out(/*dry_run=*/true).text.find("1 run of 2 epochs over 2 images"), std::string::npos);
}

// What the words of a run's program and the plan's measurement have of the processor.
TEST_F(ExperimentFlow, SharesTheCoresOutUnlessToldOtherwise) {
  for (const char* name : {"train/cats/a.jpg", "train/dogs/b.jpg", "val/cats/c.jpg", "val/dogs/d.jpg"}) add(name);
  const fs::path program = folder_ / "program", words = folder_ / "words";
  write_file(program, "#!/bin/sh\necho \"$@ \" >> '" + words.string() + "'\nexit 1\n");
  fs::permissions(program, fs::perms::owner_all);
  Scale scale = scales().at("smoke");
  scale.train.data = "folder:" + (folder_ / "photos").string();
  scale.train.batch_size = 2;
  const Suite suite{"one", "", "", "", [this](const Widths&) { return variants_; }, [](const auto&...) {}};
  Options options;
  options.out = folder_ / "out";
  options.seeds = options.jobs = 1;
  const auto expect = [&](const std::string& threads, const std::string& workers) {
    options.dry_run = true;
    settings::TrainSettings measured;
    const auto measure = [&](const settings::TrainSettings& settings, bool) {
      measured = settings;
      return plan::Machine::assumed("h100");
    };
    perform({{"One"}, scale, {suite, collapse_measures()}}, options, program, "", measure, {});
    EXPECT_EQ(std::to_string(measured.threads), threads);
    EXPECT_EQ(std::to_string(measured.workers), workers);
    options.dry_run = false;
    fs::remove(words);
    EXPECT_FALSE(
        perform({{"One"}, scale, {suite, collapse_measures()}}, options, program, "", measure, {}).failure.empty());
    const std::string said = read_file(words);
    EXPECT_NE(said.find("--threads " + threads + " --workers " + workers + " "), std::string::npos) << said;
  };
  const std::string cores = std::to_string(std::max(1U, std::thread::hardware_concurrency()));
  expect(cores, cores);
  scale.given.insert("threads");
  scale.train.threads = 3;
  expect("3", "3");
  scale.given.insert("workers");
  scale.train.workers = 5;
  expect("3", "5");
}

}  // namespace
}  // namespace directclr::experiment
