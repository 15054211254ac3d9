#include "directclr/report/watch_screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/printable.h"

namespace directclr::report {
namespace {

using Style = ScreenLine::Style;

RunResults logged_run(const std::string& name, size_t count = 40) {
  RunResults run;
  run.name = name;
  run.path = "runs/" + name;
  run.state = RunState::kAtWork;
  run.config = {{"train", "epochs", "10"}, {"train", "batch_size", "32"}};
  for (size_t i = 1; i <= count; ++i) {
    const auto step = static_cast<double>(10 * i);
    const auto add = [&](const char* metric, double value) {
      run.metrics[metric].steps.push_back(step);
      run.metrics[metric].values.push_back(value);
    };
    add("epoch", 4.0 * static_cast<double>(i) / static_cast<double>(count));
    add("loss", 5 - 3.0 * static_cast<double>(i) / static_cast<double>(count));
    add("lr", 0.25);
    add("images_per_second", 64);
    add("rank_r", static_cast<double>(i));
    add("rank_z", 2);
    add("dead_r", 3);
  }
  run.spectra_log.r_dimensions = 4;
  run.spectra_log.z_dimensions = 4;
  run.spectra_log.steps = {10};
  run.spectra_log.r = {{1.0, 0.0, -2.9, -3.1}};  // logarithms: the last is below 1e-4 of the first
  return run;
}

size_t letters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string line_with(const std::vector<ScreenLine>& lines, const std::string& part) {
  for (const auto& line : lines) {
    if (line.text.find(part) != std::string::npos) return line.text;
  }
  return "";
}

TEST(Bars, GrowByEighthsFromTheGround) {
  EXPECT_EQ(bars({0, 0.5, 1, NAN}, 1, true), (std::vector<std::string>{"▁▄█·"}));
  EXPECT_EQ(bars({0, 0.5, 1, NAN}, 1, false), (std::vector<std::string>{".=@_"}));
  EXPECT_EQ(bars({0, 0.5, 0.75, 1, NAN}, 2, true), (std::vector<std::string>{"  ▄█ ", "▁███·"}));
  EXPECT_EQ(bars({}, 2, true), (std::vector<std::string>{"", ""}));
}

TEST(WatchScreen, ShowsARunInATerminalOfEightyByTwentyFour) {
  const auto lines = watch_screen({logged_run("mlp")}, {80, 24, true}, "q ends");
  EXPECT_EQ(lines[0].text, "mlp is at epoch 4.0 of 10, step 400, 5 min 0 s left  [########............] 40 %");
  EXPECT_EQ(lines[0].style, Style::kHead);
  EXPECT_EQ(lines[1].text, "  learning rate 0.25   64 images/s");
  EXPECT_EQ(line_with(lines, "rank r").rfind("  rank r  40.0 of 4     ▁▁", 0), 0U) << line_with(lines, "rank r");
  EXPECT_TRUE(line_with(lines, "rank r").ends_with("▇███")) << line_with(lines, "rank r");
  EXPECT_EQ(line_with(lines, "loss").rfind("  loss    2.000         █", 0), 0U) << line_with(lines, "loss");
  EXPECT_EQ(line_with(lines, "dead r").rfind("  dead r  3 of 4        ████", 0), 0U);
  EXPECT_NE(line_with(lines, "rank z"), "");
  // Four directions in 56 columns: each fourteen wide; the dead one is a row of dots on the ground.
  EXPECT_TRUE(line_with(lines, "spectrum of r").ends_with("1 ██████████████" + std::string(42, ' ')));
  EXPECT_TRUE(line_with(lines, "1/10,000").ends_with("··············")) << line_with(lines, "1/10,000");
  EXPECT_TRUE(lines.back().text.starts_with("q ends"));
  EXPECT_EQ(lines.back().style, Style::kQuiet);
}

// Whatever its size, nothing is wider or taller than the terminal, and what matters most stays.
TEST(WatchScreen, FitsEverySize) {
  auto first = logged_run("one"), second = logged_run("two, with a name that is longer than any line", 3);
  second.state = RunState::kStopped;
  for (size_t columns : {1U, 7U, 20U, 33U, 80U, 300U}) {
    for (size_t rows = 1; rows < 40; ++rows) {
      for (const bool utf8 : {true, false}) {
        const auto lines = watch_screen({first, second}, {columns, rows, utf8}, "q ends");
        ASSERT_LE(lines.size(), rows);
        for (const auto& line : lines) {
          ASSERT_LE(letters(line.text), columns) << line.text;
          ASSERT_TRUE(is_utf8(line.text)) << line.text;
          const bool ascii =
              std::all_of(line.text.begin(), line.text.end(), [](char c) { return c >= ' ' && c < 127; });
          ASSERT_TRUE(utf8 || ascii) << line.text;
        }
        ASSERT_TRUE(rows < 2 || lines[0].text.starts_with(std::string("one is").substr(0, columns)));
      }
    }
  }
}

TEST(WatchScreen, LeavesOutWhatMattersLeast) {
  const auto names = [](size_t rows) {
    std::string seen;
    RunResults run = logged_run("a");
    run.metrics.erase("dead_r");  // nothing to warn of
    for (const auto& line : watch_screen({run}, {80, rows, true}, "")) {
      for (const char* name : {"step", "learning", "rank r", "dead r", "spectrum", "loss", "rank z"}) {
        if (line.text.find(name) != std::string::npos) seen += std::string(name) + " ";
      }
    }
    return seen;
  };
  EXPECT_EQ(names(1), "step ");
  EXPECT_EQ(names(3), "step learning rank r ");
  EXPECT_EQ(names(5), "step learning rank r dead r spectrum ");
  EXPECT_EQ(names(7), "step learning loss rank r rank z dead r spectrum ");
}

TEST(WatchScreen, ShowsRunsOneUnderAnotherAndCountsThoseThatDoNotFit) {
  std::vector<RunResults> runs;
  for (const char* name : {"a", "b", "c", "d"}) runs.push_back(logged_run(name));
  const auto all = watch_screen(runs, {80, 24, true}, "q ends");
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& line) { return line.style == Style::kHead; }), 4);
  const auto few = watch_screen(runs, {80, 3, true}, "q ends");
  ASSERT_EQ(few.size(), 3U);
  EXPECT_EQ(few[2].text, "and 2 more: a taller terminal shows them");
  EXPECT_EQ(few[2].style, Style::kWarning);
}

TEST(WatchScreen, SaysWhatIsWrongAndHowToGoOn) {
  auto run = logged_run("a");
  run.state = RunState::kStopped;
  run.metrics["rank_r"].values.back() = 10;
  const auto lines = watch_screen({run}, {120, 24, true}, "");
  EXPECT_NE(line_with(lines, "! go on with: directclr train --resume --out runs/a"), "");
  EXPECT_NE(line_with(lines, "! at least 5 % of the directions of r are dead since step 10"), "");
  EXPECT_NE(line_with(lines, "! r is losing directions: its effective rank was 39.0 at step 390 and is 10.0"), "");
}

TEST(WatchScreen, ShowsRunsWithoutALogAndHarmlessNames) {
  RunResults run;
  run.name = "a\033[2Jb";
  run.state = RunState::kNotBegun;
  const auto lines = watch_screen({run}, {80, 24, true}, "");
  EXPECT_EQ(lines[0].text, "a\\x1B[2Jb has not begun");
  run = logged_run("collapsed");
  run.spectra_log.r = {{-INFINITY, -INFINITY, -INFINITY, -INFINITY}};
  EXPECT_NE(line_with(watch_screen({run}, {80, 24, true}, ""), "····"), "");
}

}  // namespace
}  // namespace directclr::report
