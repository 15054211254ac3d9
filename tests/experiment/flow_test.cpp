#include "directclr/experiment/flow.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
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

}  // namespace
}  // namespace directclr::experiment
