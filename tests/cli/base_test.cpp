// The real program, started as a user starts it: what it does in every build, also in one without libtorch.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <random>

#include "directclr/array/array.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/io/npy.h"
#include "tests/cli/cli.h"
#include "tests/support/folders.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;
using BaseCli = test::Cli;
using array::Array;
using test::Outcome;

// Products of normal matrices: (rows, rank) with (rank, columns).
Array of_rank(int64_t rank, int64_t rows, int64_t columns, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const auto matrix = [&](int64_t n, int64_t m) {
    std::vector<double> values(static_cast<size_t>(n * m));
    for (double& value : values) value = normal(random);
    return values;
  };
  const auto left = matrix(rows, rank), right = matrix(rank, columns);
  Array product = Array::zeros({rows, columns}, array::DType::kFloat64);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < rank; ++k) {
      for (int64_t j = 0; j < columns; ++j) {
        product.mutable_data<double>()[i * columns + j] +=
            left[static_cast<size_t>(i * rank + k)] * right[static_cast<size_t>(k * columns + j)];
      }
    }
  }
  return product;
}

TEST_F(BaseCli, HelpShowsDefaultsRangesAndAnExample) {
  for (const char* command : {"train", "probe", "knn", "embed", "spectrum", "export", "report"}) {
    const Outcome outcome = run({command, "--help"});
    EXPECT_EQ(outcome.status, 0) << command;
    EXPECT_NE(outcome.out.find("Example:\n  directclr " + std::string(command)), std::string::npos) << command;
  }
  const std::string help = run({"train", "--help-all"}).out;
  EXPECT_NE(help.find("--batch-size INT=256"), std::string::npos) << help;
  EXPECT_NE(help.find("{2 .. 1048576}"), std::string::npos) << help;
  EXPECT_EQ(run({"data", "info", "--help"}).status, 0);
  // What is missing is looked up in the command's own help.
  expect_refused(run({"export", path("run")}), "--out is required (see directclr export --help)");
  expect_refused(run({"data", "views"}), "(see directclr data views --help)");
  EXPECT_EQ(run({"--version"}).out, "0.1.0\n");
  // The statuses are the same here and in the documentation.
  for (const auto& text : {run({"--help"}).out, run({"spectrum", "--help"}).out, help}) {
    EXPECT_NE(text.find("Exit status:"), std::string::npos) << text;
    EXPECT_NE(text.find("  5  a gate was not passed"), std::string::npos) << text;
  }
  const std::string page = read_file(test::tests_folder().parent_path() / "docs/architecture.md");
  for (const char* line : {"| 0 |", "| 1 |", "| 2 |", "| 3 |", "| 4 |", "| 5 |"}) {
    EXPECT_NE(page.substr(page.find("## Exit status")).find(line), std::string::npos) << line;
  }
}

TEST_F(BaseCli, MisspellingsSuggestTheNearest) {
  expect_refused(run({"trian"}), "unknown argument 'trian' (did you mean train?)");
  expect_refused(run({"train", "--epocs", "3"}), "unknown argument '--epocs' (did you mean --epochs?)");
  expect_refused(run({"train", "--projector", "dirct", "--data", data_, "--out", path("x")}), "did you mean 'direct'?");
  expect_refused(run({"train", "--data", "cifar10O:/x", "--out", path("x")}), "did you mean 'cifar10'?");
  expect_refused(run({"train", "--arch", "resnet5O", "--data", data_, "--out", path("x")}), "did you mean 'resnet50'?");
  expect_refused(run({}), "");
}

TEST_F(BaseCli, LeavesNoLearningRateToAnotherOptimizer) {
  write_file(folder_ / "c.toml", "[optimizer]\nlr = 0.6\n");
  expect_refused(
      run({"train", "--data", data_, "--config", path("c.toml"), "--optimizer", "adamw", "--out", path("run")}),
      "--optimizer: adamw would go on with the lr 0.6 that is set for lars (lr = 0 takes its own, 0.001");
  expect_refused(
      run({"reproduce", "table1", "--scale", "cpu", "--data", data_, "--optimizer", "sgd", "--out", path("r")}),
      "--optimizer: sgd would go on with the lr 0.6 that is set for lars");
  expect_refused(
      run({"reproduce", "table1", "--scale", "cpu", "--data", data_, "--base-lr", "0.1", "--out", path("r")}),
      "base_lr would change nothing beside the lr 0.6");
  EXPECT_FALSE(fs::exists(folder_ / "run") || fs::exists(folder_ / "r"));
}

TEST_F(BaseCli, DumpsViewsThatCanBeRepeated) {
  const Outcome outcome = run({"data", "dump", data_, "-n", "5", "--out", path("dump"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string bytes = read_file(folder_ / "dump/views.npy");
  EXPECT_EQ(bytes.size() % 64, (5 * 2 * 28 * 28 * 3) % 64) << "the head fills whole blocks of 64";
  EXPECT_NE(bytes.find("(5, 2, 28, 28, 3)"), std::string::npos);
  const auto lines = split(read_file(folder_ / "dump/views.jsonl"), '\n');
  ASSERT_EQ(lines.size(), 7u) << "settings, five images, the end";
  EXPECT_EQ(Json::parse(lines[0]).at("settings").at("image_size"), "28");
  EXPECT_TRUE(fs::exists(folder_ / "dump" / Json::parse(lines[5]).at("image").get<std::string>()));
}

TEST_F(BaseCli, MeasuresTheDataPath) {
  const Outcome outcome = run({"bench", "data", data_, "--seconds", "0.2", "--workers", "2", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto object = Json::parse(outcome.out);
  EXPECT_GT(object.at("images_per_second_and_core").get<double>(), 0);
  EXPECT_EQ(object.at("loader_images_per_second").size(), 2u);
  EXPECT_GT(object.at("microseconds").at("crop and resize").get<double>(), 0);
}

TEST_F(BaseCli, SaysWhatItReadAndWhatItLeftOut) {
  const auto add = [&](const std::string& name, const std::string& what) {
    fs::create_directories((folder_ / name).parent_path());
    fs::copy_file(test::fixture(what), folder_ / name);
  };
  add("set/train/d\xE9/1.webp", "formats/lossy.webp");
  add("set/train/e/1.jpg", "formats/held_6.jpg");
  add("set/train/e/._1.jpg", "text.jpg");
  const std::string data = "folder:" + path("set");
  const Outcome info = run({"data", "info", data, "--json"});
  ASSERT_EQ(info.status, 0) << info.err;
  const auto train = Json::parse(info.out).at("train");
  EXPECT_EQ(train.at("class_names").dump(), R"(["d\\xE9","e"])");
  EXPECT_EQ(train.at("formats").dump(), R"({"JPEG":1,"WebP":1})");
  EXPECT_EQ(train.at("left_out").dump(), R"([{"what":"hidden files","count":1,"first":"e/._1.jpg"}])");
  EXPECT_EQ(train.at("odd").size(), 1u) << info.out;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"pack", data, "--out", path("packed")},
                                                {"data", "dump", data, "--out", path("dump"), "--upright"},
                                                {"data", "views", data, "--out", path("views.png")},
                                                {"bench", "data", data, "--seconds", "0.1", "--workers", "1"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("training part: 2 images of 2 classes; hidden files: 1 (e/._1.jpg)"), std::string::npos)
        << words[1] << ": " << outcome.err;
  }
  EXPECT_TRUE(fs::exists(folder_ / "dump/originals/00001.png")) << "turned, no longer what the file holds";
  expect_refused(run({"data", "info", data_, "--upright"}), "--upright: does not go with fashion-mnist");
}

TEST_F(BaseCli, NamesTheImagesThatCannotBeRead) {
  for (int i = 10; i < 32; ++i) {
    fs::create_directories(folder_ / "set");
    fs::copy_file(test::fixture("truncated.jpg"), folder_ / format("set/%d.jpg", i));
  }
  const std::string data = "folder:" + path("set");
  const Outcome info = run({"data", "info", data, "--check"});
  EXPECT_EQ(info.status, 0) << info.err;
  for (const char* line : {"cannot be read, 22 of them:\n", "set/10.jpg: truncated JPEG\n",
                           "set/29.jpg: truncated JPEG\n", "and 2 more, all with --json\n"}) {
    EXPECT_NE(info.out.find(line), std::string::npos) << line << " in " << info.out;
  }
  const auto train = Json::parse(run({"data", "info", data, "--check", "--json"}).out).at("train");
  ASSERT_EQ(train.at("unreadable").size(), 22u);
  EXPECT_TRUE(train.at("unreadable").at(21).get<std::string>().ends_with("set/31.jpg: truncated JPEG"));
}

TEST_F(BaseCli, DescribesData) {
  const Outcome info = run({"data", "info", data_, "--json"});
  ASSERT_EQ(info.status, 0) << info.err;
  const auto object = Json::parse(info.out);
  EXPECT_EQ(object.at("train").at("images"), 80);
  EXPECT_EQ(object.at("test").at("classes"), 10);
  EXPECT_EQ(run({"data", "views", data_, "--out", path("views.png")}).status, 0);
  EXPECT_GT(fs::file_size(folder_ / "views.png"), 1000U);
}

TEST_F(BaseCli, TakesEmbeddingsFromFiles) {
  // Rank two in five dimensions, in float64 and in float16.
  const Array z = of_rank(2, 60, 5);
  io::write_npy(folder_ / "z.npy", z);
  const Outcome printed = run({"spectrum", path("z.npy"), "--json"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  const auto object = Json::parse(printed.out);
  EXPECT_EQ(object.at("dimensions"), 5);
  EXPECT_EQ(object.at("dead-directions-1e-6"), 3);
  EXPECT_EQ(object.at("protocol").at("samples"), 60);
  const Outcome written = run({"spectrum", path("z.npy"), "--out", path("figures"), "--l2-normalize", "--limit", "40"});
  EXPECT_EQ(written.status, 0) << written.err;
  for (const char* name : {"spectrum.json", "spectrum.csv", "spectrum.svg"}) {
    EXPECT_TRUE(fs::exists(folder_ / "figures" / name)) << name;
  }
  Array broken = z.clone();
  broken.mutable_data<double>()[3 * 5 + 1] = NAN;
  io::write_npy(folder_ / "nan.npy", broken);
  const Outcome bad = run({"spectrum", path("nan.npy")});
  EXPECT_EQ(bad.status, 4);
  EXPECT_NE(
      bad.err.find("nan.npy: row 3 (counted from 0) holds values that are not finite, among the first 60 (leave them"),
      std::string::npos)
      << bad.err;
  const Outcome skipped = run({"spectrum", path("nan.npy"), "--skip-nonfinite"});
  EXPECT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_NE(skipped.out.find("59 rows, 5 dimensions, rows not normalised\n  left out, not finite: row 3 (counted"),
            std::string::npos)
      << skipped.out;
  EXPECT_NE(skipped.err.find("nan.npy: left out, not finite: row 3 (counted from 0)\n"), std::string::npos)
      << skipped.err;
  expect_refused(run({"spectrum", path("nothing.npy")}), "nothing.npy: cannot open");
  io::write_npy(folder_ / "one.npy", z.slice(0, 1));
  expect_refused(run({"spectrum", path("one.npy")}), "at least 2 rows");
}

// A file of NumPy's with NaN and both infinities, in more rows than are named: tools/goldens/make_table_fixtures.py.
TEST_F(BaseCli, SaysWhichRowsItLeavesOutInEveryForm) {
  const Outcome outcome = run(
      {"spectrum", test::fixture("files/nonfinite.npy").string(), "--skip-nonfinite", "--json", "--out", path("page")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::vector<int64_t> expected;
  for (int64_t row = 0; expected.size() < 100; ++row) {
    if (row % 5 == 1 || row % 5 == 4) expected.push_back(row);
  }
  for (const std::string& text : {outcome.out, read_file(folder_ / "page/spectrum.json")}) {
    const Json protocol = Json::parse(text).at("protocol");
    EXPECT_EQ(protocol.at("samples"), Json(180));
    EXPECT_EQ(protocol.at("skipped_rows"), Json(120));
    EXPECT_EQ(protocol.at("skipped_row_numbers").get<std::vector<int64_t>>(), expected);
  }
  EXPECT_NE(read_file(folder_ / "page/index.html")
                .find("left out, not finite: rows 1, 4, 6, 9, 11, 14, 16, 19, 21, 24 and 110 more (counted from 0)"),
            std::string::npos);
  // Where none is left out there is nothing to name.
  const Outcome whole =
      run({"spectrum", test::fixture("files/tables/half.npy").string(), "--skip-nonfinite", "--json"});
  EXPECT_EQ(Json::parse(whole.out).at("protocol").at("skipped_rows"), Json(0));
  EXPECT_FALSE(Json::parse(whole.out).at("protocol").contains("skipped_row_numbers"));
}

TEST_F(BaseCli, SaysWhetherEmbeddingsAreCollapsed) {
  io::write_npy(folder_ / "good.npy", of_rank(5, 200, 5));
  make_directories(folder_ / "other");
  io::write_npy(folder_ / "other" / "good.npy", of_rank(2, 200, 5));
  const Outcome good = run({"spectrum", path("good.npy"), "--explain", "--fail-under", "rank=0.5D"});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_NE(good.out.find("healthy: "), std::string::npos) << good.out;
  EXPECT_NE(good.out.find("not centred (Garrido et al. 2023)"), std::string::npos) << good.out;
  const Outcome both = run({"spectrum", path("good.npy"), path("other/good.npy"), "--fail-under", "rank=0.5D,rankme=1",
                            "--out", path("both")});
  EXPECT_EQ(both.status, 5) << both.out;
  EXPECT_NE(both.out.find("dimensional collapse: 3 of 5 directions"), std::string::npos) << both.out;
  EXPECT_NE(both.err.find("good.npy: effective-rank is"), std::string::npos) << both.err;
  for (const char* name : {"good.json", "good-2.json", "comparison.svg", "cumulative.svg", "index.html"}) {
    EXPECT_TRUE(fs::exists(folder_ / "both" / name)) << name;
  }
  const auto verdict = Json::parse(read_file(folder_ / "both" / "good-2.json")).at("verdict");
  EXPECT_EQ(verdict.at("kind"), "dimensional collapse");
  const Outcome lenient = run({"spectrum", path("other/good.npy"), "--collapsed-share", "0.9"});
  EXPECT_NE(lenient.out.find("healthy: "), std::string::npos) << lenient.out;
  expect_refused(run({"spectrum", path("good.npy"), "--fail-under", "rnk=1"}), "no measure that has a floor");
  const std::vector<std::string> gated = {"spectrum", path("good.npy"), path("other/good.npy"), "--fail-over",
                                          "dead=0",   "--fail-on",      "collapse,too-few-rows"};
  const Outcome closed = run(gated);
  EXPECT_EQ(closed.status, 5);
  const std::string fault =
      "directclr: good.npy: dead-directions is 3, over 0 (--fail-over)\n"
      "directclr: good.npy: the verdict is dimensional collapse (--fail-on collapse,too-few-rows)";
  EXPECT_TRUE(closed.err.starts_with(fault)) << closed.err;
  EXPECT_EQ(std::count(closed.err.begin(), closed.err.end(), '\n'), 2) << "a line a gate: " << closed.err;
  auto as_json = gated;
  as_json.emplace_back("--json");
  const Outcome object = run(as_json);
  EXPECT_EQ(object.status, 5);
  const Json all = Json::parse(object.out);
  ASSERT_EQ(all.at("inputs").size(), 2u);
  EXPECT_EQ(all.at("inputs").at(0).at("gates").at(1).at("passed"), true);
  EXPECT_EQ(all.at("inputs").at(1).at("gates").at(1).at("found"), "dimensional collapse");
  EXPECT_EQ(run({"spectrum", path("good.npy"), "--fail-over", "dead=0", "--fail-on", "collapse"}).status, 0);
  expect_refused(run({"spectrum", test::fixture("files/code.pt").string()}), "would run os.getenv");
}

TEST_F(BaseCli, SaysHowEmbeddingsLie) {
  Array z = of_rank(3, 240, 12);
  const Array noise = of_rank(12, 240, 12, /*seed=*/2);
  for (int64_t i = 0; i < z.numel(); ++i) z.mutable_data<double>()[i] += 0.001 * noise.data<double>()[i];
  io::write_npy(folder_ / "z.npy", z.to(array::DType::kFloat32));
  // Turned by a reflection, and longer.
  const double length = std::sqrt(12.0);
  Array turned = z.clone();
  for (int64_t i = 0; i < 240; ++i) {
    double* const row = turned.mutable_data<double>() + i * 12;
    const double along = std::accumulate(row, row + 12, 0.0) / length;
    for (int64_t d = 0; d < 12; ++d) row[d] = 2 * (row[d] - 2 * along / length);
  }
  io::write_npy(folder_ / "turned.npy", turned.to(array::DType::kFloat32));
  const Outcome one = run({"spectrum", path("z.npy"), "--neighbours", "--views", "4", "--jackknife", "6", "--compat",
                           "lightly", "--out", path("page"), "--json"});
  ASSERT_EQ(one.status, 0) << one.err;
  const auto printed = Json::parse(one.out), kept = Json::parse(read_file(folder_ / "page/spectrum.json"));
  for (const char* key : {"geometry", "jackknife", "compat"}) EXPECT_EQ(printed.at(key), kept.at(key)) << key;
  const std::string page = read_file(folder_ / "page/index.html");
  for (const char* row : {"lidar", "standard error of effective-rank"}) {
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
  const auto geometry = kept.at("geometry");
  EXPECT_NEAR(geometry.at("intrinsic-dimension").get<double>(), 3, 0.8);
  for (const char* name : {"uniformity", "local-dimension", "alignment", "lidar"}) EXPECT_TRUE(geometry.contains(name));
  const Outcome two = run({"spectrum", path("z.npy"), path("turned.npy"), "--cka"});
  ASSERT_EQ(two.status, 0) << two.err;
  EXPECT_NE(two.out.find("linear CKA of z.npy and turned.npy: 1.0000, debiased 1.0000"), std::string::npos) << two.out;
  // Where there is no number, a line says why.
  io::write_npy(folder_ / "part.npy", z.slice(0, 100));
  Array constant = z.clone(), broken = z.clone();
  for (double& value : constant.mutable_values<double>()) value = 1;
  broken.mutable_data<double>()[0] = NAN;
  io::write_npy(folder_ / "constant.npy", constant);
  io::write_npy(folder_ / "broken.npy", broken);
  const auto no_cka = [&](const char* other) {
    return run({"spectrum", path("z.npy"), path(other), "--cka", "--skip-nonfinite"}).out;
  };
  EXPECT_NE(no_cka("part.npy").find("no linear CKA of z.npy and part.npy: 240 rows against 100"), std::string::npos);
  EXPECT_NE(no_cka("constant.npy").find("the rows of constant.npy are all the same"), std::string::npos);
  EXPECT_NE(no_cka("broken.npy").find("rows no longer correspond"), std::string::npos);
  expect_refused(run({"spectrum", path("z.npy"), "--views", "7"}), "240 rows are not");
  const Outcome piped = finish(
      start_program("/bin/sh", {"sh", "-c", "'" + test::program() + "' spectrum - --json <'" + path("z.npy") + "'"}));
  ASSERT_EQ(piped.status, 0) << piped.err;
  const Outcome read = run({"spectrum", path("z.npy"), "--json"});
  EXPECT_EQ(Json::parse(piped.out).at("effective-rank-sigma"), Json::parse(read.out).at("effective-rank-sigma"));
}

// What a measure has in place of a value is said in words: no nan, no inf.
TEST_F(BaseCli, SaysWhyThereIsNoValue) {
  const auto expect_words = [&](const std::vector<std::string>& words, const std::vector<std::string>& expected) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const std::string text = lower(outcome.out + outcome.err);
    for (const char* bad : {" nan", "-nan", " inf", "-inf", "(nan"}) {
      for (size_t at = text.find(bad); at != std::string::npos; at = text.find(bad, at + 1)) {
        EXPECT_TRUE(text.substr(at).starts_with(" infinite")) << text.substr(at, 60);
      }
    }
    for (const auto& part : expected)
      EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\n" << outcome.out;
    return outcome;
  };
  Array constant = Array::zeros({40, 5}, array::DType::kFloat32), axes = Array::zeros({64, 64}, array::DType::kFloat32);
  for (float& value : constant.mutable_values<float>()) value = 2;
  for (int64_t i = 0; i < 64; ++i) axes.mutable_data<float>()[i * 65] = 1;  // equally far from one another
  const Array z = of_rank(5, 3, 5);
  io::write_npy(folder_ / "constant.npy", constant);
  io::write_npy(folder_ / "axes.npy", axes);
  io::write_npy(folder_ / "three.npy", z);
  io::write_npy(folder_ / "other.npy", of_rank(5, 3, 5, 2));
  io::write_npy(folder_ / "wide.npy", of_rank(14, 60, 14));
  expect_words({"spectrum", path("constant.npy"), "--neighbours", "--jackknife", "5", "--views", "2"},
               {"alpha                  no value: its ranks 11 to 100 hold fewer than 3",
                "condition-number       no value: all rows are the same",
                "intrinsic-dimension    no value: 32 neighbours need 34 distinct rows, there are 1"});
  expect_words({"spectrum", path("axes.npy"), "--neighbours"},
               {"intrinsic-dimension    no value: neighbours are equally far from a row, as on a grid",
                "local-dimension        no value: neighbours are equally far"});
  const Outcome pair = expect_words(
      {"spectrum", path("three.npy"), path("other.npy"), "--cka", "--neighbours"},
      {"cluster-learnability   no value: it needs 8 rows, there are 3", ", no debiased value: it needs 4 rows (row i"});
  // The jackknife leaves groups of rows out of which no alpha can be had.
  expect_words({"spectrum", path("wide.npy"), "--jackknife", "2", "--compat", "lightly", "--out", path("out")}, {});
  const Outcome outcome = run({"spectrum", path("constant.npy"), "--neighbours", "--json", "--out", path("page")});
  const Json reasons = Json::parse(outcome.out).at("reasons");
  EXPECT_EQ(reasons.at("condition-number"), "all rows are the same");
  EXPECT_EQ(reasons.at("local-dimension"), "32 neighbours need 34 distinct rows, there are 1");
  EXPECT_FALSE(reasons.contains("rankme"));
  const Outcome gated =
      run({"spectrum", path("constant.npy"), "--fail-over", "condition-number=1e9,alpha=9", "--json"});
  EXPECT_EQ(gated.status, 5);
  EXPECT_NE(gated.err.find("condition-number has no value: all rows are the same (--fail-over)\n"), std::string::npos)
      << gated.err;
  EXPECT_NE(gated.err.find("alpha has no value: its ranks 11 to 100 hold fewer than 3"), std::string::npos)
      << gated.err;
  EXPECT_EQ(Json::parse(gated.out).at("gates").at(0).at("found"), "no value: all rows are the same");
  const std::string page = read_file(folder_ / "page/index.html");
  EXPECT_NE(page.find("none: all rows are the same"), std::string::npos);
  EXPECT_NE(page.find("none: 32 neighbours need 34"), std::string::npos);
}

// Tables as people have them, and what is said of them.
TEST_F(BaseCli, SaysWhatItReadOfATable) {
  const Array z = of_rank(6, 60, 6);
  const auto table = [&](const char* name, const std::string& heading,
                         const std::function<std::string(int64_t)>& before,
                         const std::function<std::string(double)>& number, char separator,
                         const std::function<std::string(int64_t)>& after) {
    std::string text = heading;
    for (int64_t i = 0; i < 60; ++i) {
      text += before(i);
      for (int64_t j = 0; j < 6; ++j) {
        text += (j > 0 ? std::string(1, separator) : "") + number(z.data<double>()[i * 6 + j]);
      }
      text += after(i) + "\n";
    }
    write_file(folder_ / name, text);
  };
  const auto nothing = [](int64_t) { return std::string(); };
  const auto plain = [](double value) { return format("%.17g", value); };
  table(
      "index.csv", "id,a,b,c,d,e,f\n", [](int64_t i) { return format("%.18e,", static_cast<double>(i)); }, plain, ',',
      nothing);
  table("counted.csv", "0,1,2,3,4,5\n", nothing, plain, ',', nothing);
  table(
      "decimal_commas.csv", "", nothing,
      [&](double value) {
        std::string text = plain(value);
        std::replace(text.begin(), text.end(), '.', ',');
        return text;
      },
      ';', nothing);
  table(
      "quoted.csv", "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"\n", nothing,
      [&](double value) { return "\"" + plain(value) + "\""; }, ',', nothing);
  table(
      "signed.TXT", "", nothing, [](double value) { return format("%+.17g", value); }, ' ', nothing);
  table(
      "names_and_labels.csv", "filenames,e_0,e_1,e_2,e_3,e_4,e_5,labels\n",
      [](int64_t i) { return "img" + std::to_string(i) + ".jpg,"; }, plain, ',',
      [](int64_t i) { return "," + std::to_string(i % 3); });
  table("tabs.tsv", "", nothing, plain, '\t', nothing);
  io::write_npy(folder_ / "z.npy", z);
  const Json right = Json::parse(run({"spectrum", path("z.npy"), "--json"}).out);
  EXPECT_EQ(right.at("protocol").at("read").at("text"), "read z.npy: float64 (60, 6)");
  const auto expect_right = [&](std::vector<std::string> words, const std::string& said) {
    words.insert(words.begin(), "spectrum");
    words.push_back("--json");
    const Outcome outcome = run(words);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const Json object = Json::parse(outcome.out);
    EXPECT_EQ(object.at("singular_values"), right.at("singular_values")) << said;
    const auto text = object.at("protocol").at("read").at("text").get<std::string>();
    EXPECT_NE(text.find(said), std::string::npos) << text;
  };
  expect_right({path("index.csv")}, "left out: column 1 'id' (counts the rows)");
  expect_right({path("counted.csv")}, "line 1 names the columns by numbers");
  expect_right({path("decimal_commas.csv")}, "semicolons between, decimal commas");
  expect_right({path("quoted.csv")}, "table (60, 6), commas between, line 1 names the columns");
  expect_right({path("signed.TXT")}, "blanks between");
  expect_right({path("tabs.tsv")}, "tabs between");
  expect_right({path("names_and_labels.csv")}, "left out: column 1 'filenames' (text), column 8 'labels' (labels)");
  expect_right({path("names_and_labels.csv"), "--columns", "e_*"}, "taken: 6 of 8 columns, --columns e_*");
  expect_right({path("names_and_labels.csv"), "--columns", "1:8", "--label-column", "labels"}, "'labels' (labels)");
  const Outcome text = run({"spectrum", path("index.csv")});
  EXPECT_NE(text.out.find("\n  read index.csv: table (60, 7), commas between"), std::string::npos) << text.out;
  const Outcome piped = finish(start_program(
      "/bin/sh", {"sh", "-c", "'" + test::program() + "' spectrum - --json <'" + path("quoted.csv") + "'"}));
  ASSERT_EQ(piped.status, 0) << piped.err;
  EXPECT_EQ(Json::parse(piped.out).at("singular_values"), right.at("singular_values"));
  EXPECT_EQ(Json::parse(piped.out).at("protocol").at("file"), "standard input");
  const Outcome nothing_piped =
      finish(start_program("/bin/sh", {"sh", "-c", "'" + test::program() + "' spectrum - </dev/null"}));
  EXPECT_EQ(nothing_piped.status, 2);
  EXPECT_NE(nothing_piped.err.find("standard input: the file is empty"), std::string::npos) << nothing_piped.err;

  std::string lines = read_file(folder_ / "tabs.tsv");
  const size_t third = lines.find('\n', lines.find('\n') + 1) + 1, tab = lines.find('\t', third);
  lines.erase(third, tab - third);
  write_file(folder_ / "gap.tsv", lines);
  expect_refused(run({"spectrum", path("gap.tsv")}), "gap.tsv: line 3, column 1 is empty (--skip-nonfinite");
  const Outcome skipped = run({"spectrum", path("gap.tsv"), "--skip-nonfinite"});
  EXPECT_NE(skipped.out.find("59 rows, 6 dimensions"), std::string::npos) << skipped.out;
  expect_refused(run({"spectrum", path("z.npy"), "--columns", "0:2"}), "z.npy is no table of text");
  expect_refused(run({"spectrum", path("z.npy"), "--pool", "max"}), "--pool");
  expect_refused(run({"spectrum", folder_.path().string(), "--pool", "mean"}), "and this is a run");
  const Outcome pooled = run({"spectrum", test::fixture("files/tokens.npy").string(), "--pool", "mean"});
  EXPECT_NE(pooled.out.find("read tokens.npy: float32 (20, 5, 3), mean over 5 tokens: (20, 3)"), std::string::npos)
      << pooled.out << pooled.err;
}

TEST_F(BaseCli, TakesOddSurroundings) {
  io::write_npy(folder_ / "x.npy", of_rank(4, 40, 4));
  fs::create_directories(folder_ / "photos");
  fs::copy_file(test::fixture("rgb_444.jpg"), folder_ / "photos/a.jpg");
  const auto in_shell = [&](const std::string& command) {
    return finish(start_program("/bin/bash", {"bash", "-c", command}));
  };
  const std::string spectrum = test::program() + " spectrum ";
  EXPECT_EQ(in_shell("TMPDIR=/nonexistent " + spectrum + "- <" + path("x.npy")).status, 0);
  EXPECT_EQ(in_shell("env -i " + spectrum + path("x.npy")).status, 0);
  expect_refused(in_shell(spectrum + "<(cat " + path("x.npy") + ")"),
                 "is a pipe or a device (give it to standard input, and write - here)");
  // A home in which nothing may be read: not even whether something is there.
  const std::string home = path("home");
  fs::create_directories(home + "/.cache/directclr");
  fs::permissions(home, fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::all);
  const std::string other = ::geteuid() == 0 ? "setpriv --reuid 65534 --clear-groups " : "";
  if (in_shell(other + "test -x " + test::program()).status == 0) {  // the project may lie where only root may look
    const Outcome info =
        in_shell("HOME=" + home + " " + other + test::program() + " data info folder:" + path("photos"));
    EXPECT_EQ(info.status, 0) << info.err;
  }
  fs::permissions(home, fs::perms::owner_all);

  Array large = of_rank(4, 40, 4);
  for (double& value : large.mutable_values<double>()) value *= 1e200;
  io::write_npy(folder_ / "large.npy", large);
  const Outcome overflow = run({"spectrum", path("large.npy")});
  EXPECT_EQ(overflow.status, 4);
  EXPECT_NE(overflow.err.find("large.npy: the values are so large that their squares overflow"), std::string::npos)
      << overflow.err;
}

// Two that write the same folder would leave files of both.
TEST_F(BaseCli, AFolderOfResultsHasOneOwner) {
  fs::create_directories(folder_ / "taken/train");
  const FolderLock owner(folder_ / "taken"), part(folder_ / "taken/train");
  fs::create_directory_symlink(folder_ / "taken", folder_ / "other-name");
  const std::string who = ": process " + std::to_string(::getpid()) + " on ";
  for (const auto& folder : {path("taken"), path("other-name")}) {
    expect_refused(run({"theory", "phase", "--out", folder}), folder + who);
    expect_refused(run({"theory", "all", "--out", folder}), folder + who);
    expect_refused(run({"data", "dump", data_, "--out", folder}), folder + who);
    expect_refused(run({"pack", data_, "--out", folder}), folder + "/train" + who);
  }
}

TEST_F(BaseCli, ReportsOfOneFolderHaveTheirOwnFigures) {
  for (const char* name : {"a", "b"}) {
    make_directories(folder_ / name);
    write_file(folder_ / name / "config.toml", "[train]\nepochs = 4\n");
    write_file(folder_ / name / "DONE", R"({"steps": 20, "seconds": 3})");
    write_file(folder_ / name / "metrics.jsonl", "{\"step\": 10, \"loss\": 3}\n{\"step\": 20, \"loss\": " +
                                                     std::string(name == std::string("a") ? "1" : "2") + "}\n");
    const Outcome outcome = run({"report", path(name), "--out", path(std::string("of ") + name + ".html")});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  const auto figure = [&](const char* of) {
    return read_file(folder_ / (std::string("of ") + of + ".figures") / "over-time-loss.csv");
  };
  EXPECT_NE(figure("a").find(",20,1\n"), std::string::npos) << figure("a");
  EXPECT_NE(figure("b").find(",20,2\n"), std::string::npos) << figure("b");
  EXPECT_NE(read_file(folder_ / "of a.html").find("in the folder of a.figures, as svg"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "figures"));
  ASSERT_EQ(run({"report", path("a")}).status, 0);
  EXPECT_TRUE(fs::exists(folder_ / "a/report.figures/over-time-loss.svg"));
}

TEST_F(BaseCli, ChecksTheTheory) {
  const Outcome checks = run({"theory", "check", "lemma4", "lemma5", "--json"});
  ASSERT_EQ(checks.status, 0) << checks.err;
  const auto object = Json::parse(checks.out);
  EXPECT_EQ(object.at("checks").size(), 2U);
  EXPECT_TRUE(object.at("holds").get<bool>());
  EXPECT_LT(object.at("checks").at(1).at("measures").at(0).at("deviation").get<double>(), 1e-7);
  const std::vector<std::string> figure = {"theory",  "fig3",        "--width",      "4",  "--iterations", "50",
                                           "--seeds", "1",           "--batch-size", "16", "--ks",         "0,2",
                                           "--out",   path("theory")};
  const Outcome drawn = run(figure);
  EXPECT_EQ(drawn.status, 0) << drawn.err;
  for (const char* name : {"fig3.csv", "fig3.gp", "fig3.svg", "fig3.json", "fig3-map.svg"}) {
    EXPECT_TRUE(fs::exists(folder_ / "theory" / name)) << name;
  }
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> words = figure;
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  expect_refused(with({"--ks", "0,-1"}), "k: a variance cannot be -1");
  expect_refused(with({"--k", "-1"}), "--k: ");
  expect_refused(with({"--batch-size", "1"}), "at least 2 samples");
  expect_refused(with({"--width", "0"}), "--width: ");
  expect_refused(with({"--data-covariance", "diagonal:1,1,-1,1"}), "not positive semi-definite");
  expect_refused(with({"--ks", ""}), "--ks: '' is not a number");
  expect_refused(run({"theory", "chek"}), "did you mean check?");
  expect_refused(run({"theory", "check", "lemma9"}), "there is no 'lemma9'");
  const Outcome diverged = with({"--learning-rate", "100000", "--similarity", "dot"});
  EXPECT_EQ(diverged.status, 4);
  EXPECT_NE(diverged.err.find("not finite at iteration"), std::string::npos) << diverged.err;
}

TEST_F(BaseCli, LooksAtTheWeightsOfAnotherProgram) {
  EXPECT_EQ(run({"spectrum", test::fixture("files/checkpoint.pth").string(), "--weights"}).status, 0);
  const Outcome fast = run({"spectrum", test::fixture("files/checkpoint.pth").string(), "--weights", "--json"});
  const Outcome exact =
      run({"spectrum", test::fixture("files/checkpoint.pth").string(), "--weights", "--exact", "--json"});
  ASSERT_EQ(exact.status, 0) << exact.err;
  const Json a = Json::parse(fast.out).at("matrices"), b = Json::parse(exact.out).at("matrices");
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const auto x = a.at(i).at("singular_values").get<std::vector<double>>();
    const auto y = b.at(i).at("singular_values").get<std::vector<double>>();
    ASSERT_EQ(x.size(), y.size());
    for (size_t k = 0; k < x.size(); ++k) EXPECT_NEAR(x[k], y[k], 1e-7 * y[0]) << i << ", " << k;
  }
  expect_refused(run({"spectrum", test::fixture("files/code.pt").string(), "--weights"}), "code.pt");
}

TEST_F(BaseCli, SaysWhichNetworkOfACheckpointItReadAndWhatItPassedOver) {
  const std::string moco = test::fixture("files/moco.pth.tar").string();
  const Outcome query = run({"spectrum", moco, "--weights", "--json"});
  ASSERT_EQ(query.status, 0) << query.err;
  const Json result = Json::parse(query.out), read = result.at("read").at(0);
  EXPECT_EQ(read.at("container").get<std::string>(), "a file of torch.save");
  EXPECT_EQ(read.at("prefix").get<std::string>(), "state_dict.module.encoder_q.");
  EXPECT_EQ(read.at("tensors"), 8);
  EXPECT_EQ(read.at("passed_over").size(), 3U);
  EXPECT_EQ(result.at("matrices").size(), 2U) << "neither the queue nor the optimiser's state";
  const Outcome key = run({"spectrum", moco, "--weights", "--prefix", "encoder_k"});
  EXPECT_NE(key.out.find("8 tensors under 'state_dict.module.encoder_k.'"), std::string::npos) << key.out;
  expect_refused(run({"spectrum", moco}), "holds the weights of a network");
  const Outcome rows = run({"spectrum", test::fixture("files/objects.pth").string()});
  EXPECT_NE(rows.out.find("; passed over: 'args' argparse.Namespace"), std::string::npos) << rows.out;
}

#if !DIRECTCLR_WITH_TORCH
// Commands that take a run or weights look for these first.
TEST_F(BaseCli, SaysWhatIsMissingForTraining) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"train", "--data", data_, "--arch", "basic:1,1,1,1:8", "--epochs", "1", "--out", path("run")},
           {"bench", "step"}}) {
    expect_refused(run(words), "libtorch: this build leaves it out");
  }
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}
#endif

}  // namespace
}  // namespace directclr
