#include "directclr/report/spectrum_inputs.h"

#include <gtest/gtest.h>

#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/npy.h"
#include "tests/support/error_of.h"
#include "tests/support/json_printing.h"
#include "tests/support/matrices.h"
#include "tests/support/temporary_folder.h"

namespace directclr::report {
namespace {

using test::error_of;

class SpectrumInputsTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, int64_t rows, uint64_t seed) {
    make_directories((folder_ / name).parent_path());
    io::write_npy(folder_ / name, test::normal_array(rows, 5, seed));
    return folder_ / name;
  }
  test::TemporaryFolder folder_;
  SpectrumSettings settings_;
};

TEST_F(SpectrumInputsTest, GiveEachInputAFileOfItsOwnAndAPage) {
  SpectrumInputs inputs(settings_, 3, folder_ / "out");
  EXPECT_FALSE(inputs.has_page());
  for (const char* name : {"z.npy", "other/z.npy", "comparison.npy"}) {
    const auto findings = inputs.add(measure_file(write(name, 60, 1), settings_, {}));
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_FALSE(findings[0].object.contains("singular_values")) << "they are in the file";
  }
  inputs.write_page();
  for (const char* name : {"z.json", "z-2.json", "comparison-2.json", "comparison.svg", "index.html"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / name)) << name;
  }
  EXPECT_EQ(read_spectrum_result(folder_ / "out/z.json").samples, 60);
}

TEST_F(SpectrumInputsTest, AdviseThoseThatHaveCollapsed) {
  array::Array flat = test::normal_array(60, 5, 1);
  for (size_t i = 0; i < 300; i += 5) flat.mutable_values<double>()[i] = 0;
  io::write_npy(folder_ / "flat.npy", flat);
  SpectrumInputs inputs(settings_, 3, folder_ / "out");
  inputs.add(measure_file(write("a.npy", 60, 1), settings_, {}));
  inputs.add(measure_file(write("few.npy", 6, 1), settings_, {}));
  inputs.add(measure_file(folder_ / "flat.npy", settings_, {}));
  inputs.write_page();
  const std::string page = read_file(folder_ / "out/index.html");
  const auto count = [&](const std::string& part) {
    size_t times = 0;
    for (size_t at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++times;
    return times;
  };
  EXPECT_EQ(count("&quot;flat.npy&quot;: Embeddings alone cannot show the cause."), 1U);
  EXPECT_EQ(count("No rule fits"), 0U);
  EXPECT_EQ(count("Dead: with a variance under"), 1U);
  EXPECT_EQ(count("1 of 3 inputs has collapsed (flat.npy); too few rows to tell: few.npy."), 1U);
}

TEST_F(SpectrumInputsTest, CompareEachWithThoseBeforeAndHoldTheGates) {
  settings_.cka = true;
  settings_.fail.under = "rank=1D";  // which no random rows have
  SpectrumInputs inputs(settings_, 3, {});
  const auto add = [&](const std::filesystem::path& path) { return inputs.add(measure_file(path, settings_, {})); };
  EXPECT_EQ(add(write("a.npy", 60, 1)).size(), 1U);
  const auto second = add(write("b.npy", 60, 1));
  ASSERT_EQ(second.size(), 2U);
  EXPECT_NEAR(second[1].object.at("cka").get<double>(), 1, 1e-6);
  const auto third = add(write("c.npy", 50, 2));
  ASSERT_EQ(third.size(), 3U);
  EXPECT_EQ(third[2].object.at("reason"), "60 rows against 50");
  ASSERT_EQ(inputs.failed().size(), 3U);
  EXPECT_NE(inputs.failed()[0].find("a.npy: effective-rank is"), std::string::npos) << inputs.failed()[0];
  const Json all = inputs.object();
  EXPECT_EQ(all.at("inputs").size(), 3U);
  EXPECT_EQ(all.at("comparisons").size(), 3U);
  EXPECT_EQ(all.at("inputs").at(0).at("gates").at(0).at("passed"), false);
  EXPECT_FALSE(inputs.has_page());
}

TEST_F(SpectrumInputsTest, OfASingleInputGiveItsObject) {
  SpectrumInputs inputs(settings_, 1, {});
  inputs.add(measure_file(write("a.npy", 60, 1), settings_, {}));
  EXPECT_EQ(inputs.object().at("dimensions"), 5);
  EXPECT_FALSE(inputs.object().contains("gates")) << "none was asked for";
}

TEST_F(SpectrumInputsTest, RefuseWhatIsNotKnownBeforeTheWork) {
  settings_.fail.under = "alpha=0.5";
  EXPECT_NE(error_of([&] { SpectrumInputs(settings_, 1, {}); }).find("'alpha' is no measure that has a floor"),
            std::string::npos);
  settings_.fail.under = "";
  settings_.analysis.compat = "nobody";
  EXPECT_NE(error_of([&] { SpectrumInputs(settings_, 1, {}); }).find("'nobody' is not known"), std::string::npos);
}

// What Python and TOML files will call them.
TEST_F(SpectrumInputsTest, SettingsAreFieldsWithTheirLimits) {
  FieldList fields = fields_of(settings_);
  for (const char* name : {"layer", "split", "limit", "l2_normalize", "jackknife", "views", "fail_under", "fail_over",
                           "fail_on", "compat", "tensor", "neighbours", "cka", "dead_below"}) {
    EXPECT_NE(fields.find(name), nullptr) << name;
  }
  EXPECT_NO_THROW(fields.check());
  settings_.layer.layer = "embeding";
  EXPECT_NE(error_of([&] { fields.check(); }).find("did you mean 'embedding'?"), std::string::npos);
}

}  // namespace
}  // namespace directclr::report
