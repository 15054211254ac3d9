#include "directclr/core/run_id.h"

#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr {
namespace {

constexpr const char* kOne = "0123456789abcdef";
constexpr const char* kOther = "fedcba9876543210";

std::string json_with(const char* id) { return std::string("{\"a\": 1, \"run_id\": \"") + id + "\"}\n"; }

TEST(RunId, IsAnotherEveryTime) {
  EXPECT_EQ(new_run_id().size(), 16U);
  EXPECT_NE(new_run_id(), new_run_id());
}

TEST(RunId, IsReadFromEveryKindOfFile) {
  const test::TemporaryFolder folder;
  const auto id_in = [&](const char* name, const std::string& content) {
    write_file(folder / name, content);
    return run_id_of(folder / name);
  };
  EXPECT_EQ(id_in("config.toml", "# " + config_title(kOne) + "\n\n[train]\n"), kOne);
  EXPECT_EQ(id_in("DONE", json_with(kOne)), kOne);
  EXPECT_EQ(id_in("metrics.jsonl", json_with(kOne) + json_with(kOther)), kOne);
  EXPECT_EQ(id_in("knn.json", std::string("{\"protocol\": ") + json_with(kOne) + "}"), kOne);
  // Of earlier versions, damaged, not there.
  EXPECT_EQ(id_in("config.toml", "# directclr run: every setting, resolved; repeat it with directclr\n"), "");
  EXPECT_EQ(id_in("DONE", "{\"steps\": 3}"), "");
  EXPECT_EQ(id_in("DONE", "{\"run_id\": 3}"), "");
  EXPECT_EQ(id_in("DONE", "{\"run_id\": "), "");
  EXPECT_EQ(id_in("DONE", "[1]"), "");
  EXPECT_EQ(run_id_of(folder / "none"), "");
}

TEST(RunId, TellsFilesOfTwoRunsApart) {
  const test::TemporaryFolder folder;
  const auto problem = [&] { return test::error_of([&] { check_one_run(folder.path()); }); };
  write_file(folder / "config.toml", "# " + config_title(kOne) + "\n");
  write_file(folder / "DONE", json_with(kOne));
  write_file(folder / "environment.json", "{}");         // of an earlier version
  write_file(folder / "notes.json", json_with(kOther));  // not the run's
  EXPECT_EQ(problem(), "no error");
  for (const char* name : {"environment.json", "metrics.jsonl", "spectra.jsonl", "DONE", "evaluation.json", "knn.json",
                           "probe-dims-0-90.json", "spectrum/embedding.json", "explain/explain.json"}) {
    make_directories((folder / name).parent_path());
    write_file(folder / name, json_with(kOther));
    EXPECT_EQ(problem().rfind(folder.path().string() + ": holds files of two runs: ", 0), 0U) << problem();
    EXPECT_NE(problem().find(name), std::string::npos) << problem();
    EXPECT_NE(problem().find(kOther), std::string::npos) << problem();
    write_file(folder / name, json_with(kOne));
    EXPECT_EQ(problem(), "no error");
  }
}

}  // namespace
}  // namespace directclr
