// Photographs without labels or a test part, and encoders that come as weights alone: what each command makes of them.
#include <filesystem>

#include "directclr/array/array.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/io/npy.h"
#include "tests/cli/cli.h"
#include "tests/support/golden.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;
using test::Outcome;

class OwnPhotos : public test::Cli {
 protected:
  OwnPhotos() {
    fs::create_directories(folder_ / "photos");
    for (int i = 0; i < 8; ++i) {
      fs::copy_file(test::fixture(i % 2 == 0 ? "rgb_444.jpg" : "rgb_420.jpg"), photo(i));
    }
  }
  fs::path photo(int i) const { return folder_ / "photos" / (std::to_string(i) + ".jpg"); }
};

TEST_F(OwnPhotos, AreTakenFromThePartThatIsThere) {
  ASSERT_EQ(train_on_folder("photos", {"--stem", "small", "--out", path("run")}).status, 0);
  const std::string said = "has no test images: these are the training images";
  const Outcome spectrum = run({"spectrum", path("run"), "--json"});
  ASSERT_EQ(spectrum.status, 0) << spectrum.err;
  EXPECT_NE(spectrum.err.find(said), std::string::npos) << spectrum.err;
  EXPECT_EQ(Json::parse(spectrum.out).at("protocol").at("split"), "train");
  EXPECT_NE(run({"spectrum", path("run")}).out.find("representation of the train images: 8 rows"), std::string::npos);
  expect_refused(run({"spectrum", path("run"), "--split", "test"}), "has no test images");

  write_file(folder_ / "e.labels.npy", "of other rows");
  const Outcome embed = run({"embed", path("run"), "--out", path("e.npy"), "--json"});
  ASSERT_EQ(embed.status, 0) << embed.err;
  EXPECT_NE(embed.err.find(said), std::string::npos) << embed.err;
  EXPECT_FALSE(fs::exists(folder_ / "e.labels.npy")) << "there are no labels, and old ones would seem to be";
  std::string names;
  for (int i = 0; i < 8; ++i) names += photo(i).string() + "\n";
  EXPECT_EQ(read_file(folder_ / "e.names.txt"), names);
  const Json object = Json::parse(embed.out);
  EXPECT_EQ(object.at("split"), "train");
  EXPECT_EQ(object.at("names"), path("e.names.txt"));
  EXPECT_FALSE(object.contains("labels"));
  ASSERT_EQ(run({"embed", path("run"), "--out", path("e.safetensors")}).status, 0);
  EXPECT_EQ(read_file(folder_ / "e.safetensors").find("\"labels\""), std::string::npos);

  // The run's batch of four, without asking; and less where there are fewer images.
  const Outcome explained = run({"explain", path("run"), "--images", "8", "--no-attribution", "--json"});
  ASSERT_EQ(explained.status, 0) << explained.err;
  EXPECT_EQ(Json::parse(explained.out).at("batch"), 4);
  const Outcome fewer = run({"explain", path("run"), "--images", "6", "--no-attribution", "--json"});
  ASSERT_EQ(fewer.status, 0) << fewer.err;
  EXPECT_EQ(Json::parse(fewer.out).at("batch"), 3);
  EXPECT_NE(fewer.err.find("6 images do not fill two batches of 4, the training's: batches of 3"), std::string::npos);
  EXPECT_NE(run({"explain", path("run"), "--no-attribution"}).out.find("8 training images in batches of 4"),
            std::string::npos);
  expect_refused(run({"explain", path("run"), "--batch", "1"}), "--batch: 1 is out of range");
  const Outcome evaluated = run({"evaluate", path("run"), "--cached"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_NE(evaluated.err.find("spectra only, of the training images"), std::string::npos) << evaluated.err;
  EXPECT_EQ(evaluated.out.find("\n  \n"), std::string::npos) << "an empty line: " << evaluated.out;

  // Classes of the training images alone are not enough for accuracies.
  for (int i = 0; i < 8; ++i) {
    const fs::path part = folder_ / "parts" / (i % 2 == 0 ? "test" : i % 4 == 1 ? "train/a" : "train/b");
    fs::create_directories(part);
    fs::copy_file(photo(i), part / photo(i).filename());
  }
  const Outcome without = run({"evaluate", path("run"), "--data", "folder:" + path("parts"), "--cached"});
  ASSERT_EQ(without.status, 0) << without.err;
  EXPECT_NE(without.err.find("spectra only, of the test images"), std::string::npos) << without.err;
}

// A row that stands for a broken image is another's: it has that one's name.
TEST_F(OwnPhotos, NamesOfRowsAreOfTheImagesThatWereRead) {
  ASSERT_EQ(train_on_folder("photos", {"--stem", "small", "--out", path("run")}).status, 0);
  fs::copy_file(test::fixture("truncated.jpg"), photo(3), fs::copy_options::overwrite_existing);
  const Outcome embed = run({"embed", path("run"), "--skip-bad", "--out", path("e.npy")});
  ASSERT_EQ(embed.status, 0) << embed.err;
  const auto names = split(read_file(folder_ / "e.names.txt"), '\n');
  EXPECT_EQ(names[3], photo(4).string());
  EXPECT_EQ(names[4], photo(4).string());
  EXPECT_EQ(names[2], photo(2).string());
}

TEST_F(OwnPhotos, BrokenOnesAreCrossedOutInAContactSheet) {
  fs::copy_file(test::fixture("truncated.jpg"), photo(3), fs::copy_options::overwrite_existing);
  const Outcome views = run({"data", "views", "folder:" + path("photos"), "--out", path("views.png"), "--json"});
  ASSERT_EQ(views.status, 0) << views.err;
  EXPECT_NE(views.err.find("crossed out: " + photo(3).string() + ": truncated JPEG"), std::string::npos) << views.err;
  EXPECT_EQ(Json::parse(views.out).at("broken").size(), 1U) << "once, though the sheet shows eight images 18 times";
  for (int i = 0; i < 8; ++i) write_file(photo(i), "no picture");
  expect_refused(run({"data", "views", "folder:" + path("photos"), "--out", path("no.png")}), ".jpg: ");
  EXPECT_FALSE(fs::exists(folder_ / "no.png"));
}

TEST_F(OwnPhotos, TheStemIsSaid) {
  const auto words = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--data", "folder:" + path("photos"), "--arch", "resnet18", "--batch-size", "4",
                               "--dry-run"});
    return run(more);
  };
  const Outcome small = words({"--image-size", "64"});
  ASSERT_EQ(small.status, 0) << small.err;
  EXPECT_NE(small.out.find("stem = \"cifar\""), std::string::npos);
  EXPECT_NE(small.err.find("--stem auto: cifar (3x3, stride 1, no pool), since views are 64 pixels wide, at most 64; "
                           "--stem imagenet (7x7, stride 2, pool) takes "),
            std::string::npos)
      << small.err;
  const Outcome large = words({"--image-size", "65"});
  EXPECT_NE(large.out.find("stem = \"imagenet\""), std::string::npos);
  EXPECT_NE(large.err.find("imagenet (7x7, stride 2, pool), since views are 65 pixels wide, more than 64"),
            std::string::npos)
      << large.err;
  EXPECT_EQ(words({"--image-size", "64", "--stem", "small"}).err.find("--stem auto"), std::string::npos);
}

class Foreign : public test::Cli {
 protected:
  // A run of the small data set, and its encoder as another program would find it.
  void prepare(const std::string& stem) {
    ASSERT_EQ(train({"--out", path("run"), "--stem", stem}).status, 0);
    ASSERT_EQ(run({"export", path("run"), "--out", path("e.safetensors")}).status, 0);
  }
  Outcome foreign(const std::string& command, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {command,  path("e.safetensors"), "--arch", "basic:1,1,1,1:4", "--data", data_,
                                      "--json", "--threads",           "1"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Outcome own(const std::string& command, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {command, path("run"), "--json", "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

// The same network by both ways: the same numbers.
TEST_F(Foreign, WeightsGiveWhatTheirRunGives) {
  prepare("small");
  const std::vector<std::string> stem = {"--stem", "small"};
  ASSERT_EQ(own("embed", {"--out", path("own.npy")}).status, 0);
  const Outcome embed = foreign("embed", {"--stem", "small", "--out", path("foreign.npy")});
  ASSERT_EQ(embed.status, 0) << embed.err;
  EXPECT_EQ(read_file(folder_ / "own.npy"), read_file(folder_ / "foreign.npy"));
  EXPECT_EQ(read_file(folder_ / "own.labels.npy"), read_file(folder_ / "foreign.labels.npy"));
  EXPECT_EQ(Json::parse(embed.out).at("protocol").at("weights"), path("e.safetensors"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"knn", "--k", "3"}, {"probe", "--cached"}, {"probe", "--probe-epochs", "1"}}) {
    const std::vector<std::string> more(words.begin() + 1, words.end());
    auto with_stem = more;
    with_stem.insert(with_stem.end(), stem.begin(), stem.end());
    const Outcome here = own(words[0], more), there = foreign(words[0], with_stem);
    ASSERT_EQ(there.status, 0) << there.err;
    EXPECT_EQ(Json::parse(here.out).at("top1"), Json::parse(there.out).at("top1")) << words[0] << " " << words[1];
  }
  const fs::path results = folder_ / "e.safetensors.evaluation";
  EXPECT_TRUE(fs::exists(results / "knn.json"));
  EXPECT_TRUE(fs::exists(results / "probe.json"));
  EXPECT_FALSE(fs::exists(results / ".lock"));

  const Outcome evaluated =
      foreign("evaluate", {"--stem", "small", "--cached", "--random-init", "--out", path("there")});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  for (const char* file :
       {"probe.json", "probe-random-init.json", "knn.json", "spectrum/representation.json", "evaluation.json"}) {
    EXPECT_TRUE(fs::exists(folder_ / "there" / file)) << file;
  }
  EXPECT_FALSE(fs::exists(folder_ / "there/spectrum/embedding.json")) << "weights have no projector";
  const Json protocol = Json::parse(read_file(folder_ / "there/probe.json")).at("protocol");
  EXPECT_TRUE(protocol.at("pretraining_epochs").is_null());
  EXPECT_EQ(protocol.at("weights_read").at("tensors").get<int>(), 72);
  EXPECT_EQ(protocol.at("stem"), "small");

  expect_refused(foreign("embed", {"--layer", "embedding", "--stem", "small", "--out", path("z.npy")}),
                 "weights have no projector");
  expect_refused(run({"knn", path("e.safetensors"), "--arch", "resnet18"}), "--data: no data given");
  expect_refused(run({"knn", path("e.safetensors"), "--data", data_}), "--arch: what kind of network");
  expect_refused(run({"knn", path("run"), "--arch", "resnet18"}), "--arch: is for files of weights");
  expect_refused(run({"knn", path("run"), "--out", path("x")}), "--out: is for files of weights");
  expect_refused(run({"knn", path("nothing.pth"), "--arch", "resnet18", "--data", data_}), "there is no such run");
  EXPECT_EQ(foreign("knn", {"--arch", "basic:1,1,1,1:8", "--out", path("refused")}).status, 2);
  EXPECT_FALSE(fs::exists(folder_ / "refused")) << "refused before anything is written";
}

// Without --stem the weights decide, whatever the size of the views.
TEST_F(Foreign, WeightsDecideTheStem) {
  prepare("imagenet");
  ASSERT_EQ(own("embed", {"--out", path("own.npy")}).status, 0);
  const Outcome embed = foreign("embed", {"--out", path("foreign.npy")});
  ASSERT_EQ(embed.status, 0) << embed.err;
  EXPECT_NE(embed.err.find("--stem auto: imagenet (7x7, stride 2, pool), since the weights' first convolution is 7x7"),
            std::string::npos)
      << embed.err;
  EXPECT_EQ(read_file(folder_ / "own.npy"), read_file(folder_ / "foreign.npy"));
  ASSERT_EQ(train({"--out", path("run"), "--stem", "small", "--overwrite"}).status, 0);
  ASSERT_EQ(run({"export", path("run"), "--overwrite", "--out", path("e.safetensors")}).status, 0);
  const Outcome either = foreign("embed", {"--out", path("foreign.npy")});
  ASSERT_EQ(either.status, 0) << either.err;
  EXPECT_NE(either.err.find("the same weights go with small (3x3, stride 2, pool), --stem small, and give other"),
            std::string::npos)
      << either.err;
  EXPECT_EQ(Json::parse(either.out).at("protocol").at("stem"), "cifar");
}

}  // namespace
}  // namespace directclr
