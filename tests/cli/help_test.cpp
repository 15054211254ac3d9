// What the real program says of itself: help in two lengths, examples that can be run, everything that it names
// explained.
#include <set>
#include <sstream>

#include "directclr/core/text.h"
#include "tests/cli/cli.h"

namespace directclr {
namespace {

using Help = test::Cli;
using test::Outcome;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Whether the text has this option as a word of its own.
bool names(const std::string& help, const std::string& option) {
  for (std::string word : words_of(help)) {
    while (!word.empty() && (word.back() == ',' || word.back() == ':' || word.back() == '.')) word.pop_back();
    if (word == option || word.starts_with(option + "=")) return true;
  }
  return false;
}

const std::vector<std::vector<std::string>> kCommands = {{"train"},
                                                         {"probe"},
                                                         {"knn"},
                                                         {"evaluate"},
                                                         {"embed"},
                                                         {"spectrum"},
                                                         {"explain"},
                                                         {"export"},
                                                         {"report"},
                                                         {"data", "info"},
                                                         {"data", "views"},
                                                         {"data", "dump"},
                                                         {"pack"},
                                                         {"theory", "check"},
                                                         {"theory", "all"},
                                                         {"theory", "fig3"},
                                                         {"theory", "fig5"},
                                                         {"theory", "fig6"},
                                                         {"theory", "fig11"},
                                                         {"theory", "phase"},
                                                         {"reproduce"},
                                                         {"experiment"},
                                                         {"plan"},
                                                         {"bench", "step"},
                                                         {"bench", "comm"},
                                                         {"bench", "data"}};

TEST_F(Help, HasTwoLengths) {
  for (const char* command : {"train", "spectrum", "reproduce", "experiment", "plan", "explain"}) {
    const std::string common = run({command, "--help"}).out, all = run({command, "--help-all"}).out;
    const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
    EXPECT_LT(lines(common), 120) << command;
    EXPECT_LT(lines(common), 0.75 * static_cast<double>(lines(all))) << command;
    EXPECT_NE(common.find(" more: directclr " + std::string(command) + " --help-all\n"), std::string::npos) << common;
    EXPECT_EQ(all.find(" more: "), std::string::npos) << command;
    for (const auto& word : words_of(common)) {
      if (word.starts_with("--") && word.find_first_of("=,.:;)'") == std::string::npos) {
        EXPECT_TRUE(names(all, word)) << command << ": " << word << " is in the short help alone";
      }
    }
  }
  const std::string common = run({"train", "--help"}).out, all = run({"train", "--help-all"}).out;
  for (const char* often : {"--data", "--epochs", "--projector", "--resume", "--stop-on"}) {
    EXPECT_TRUE(names(common, often)) << often;
  }
  for (const char* seldom : {"--blur-sigma-min", "--lars-eta", "--rank-timeout"}) {
    EXPECT_FALSE(names(common, seldom)) << seldom;
    EXPECT_TRUE(names(all, seldom)) << seldom;
  }
}

TEST_F(Help, IsGroupedAndFitsATerminal) {
  const std::string top = run({"--help"}).out;
  for (const char* group :
       {"\nData:\n", "\nTraining:\n", "\nEvaluation and diagnosis:\n", "\nComparisons and the paper:\n"}) {
    EXPECT_NE(top.find(group), std::string::npos) << top;
  }
  EXPECT_EQ(top.find("\nSubcommands:\n"), std::string::npos) << "a command in no group\n" << top;
  const std::string all = run({"train", "--help-all"}).out;
  for (const char* group : {"\naugment:\n", "\nencoder:\n", "\nloss:\n", "\noptimizer:\n", "\nrun:\n"}) {
    EXPECT_NE(all.find(group), std::string::npos) << group;
  }
  EXPECT_EQ(all.find("{false}"), std::string::npos);
  for (const auto& words : kCommands) {
    auto asked = words;
    asked.emplace_back("--help");
    for (const auto& line : split(run(asked).out, '\n')) EXPECT_LE(line.size(), 120U) << line;
  }
  const std::string everything = run({"--help-all"}).out;
  for (const auto& words : kCommands) EXPECT_NE(everything.find("\n" + words.back() + ": "), std::string::npos);
}

// An example names its own command and options that this command has.
TEST_F(Help, ExamplesFitTheirCommand) {
  for (const auto& words : kCommands) {
    const std::string command = "directclr " + join(words, " ");
    auto asked = words;
    asked.emplace_back("--help-all");
    const Outcome outcome = run(asked);
    ASSERT_EQ(outcome.status, 0) << command;
    const size_t begin = outcome.out.find("Example:\n");
    ASSERT_NE(begin, std::string::npos) << command;
    std::vector<std::string> examples;
    for (const auto& line : split(outcome.out.substr(begin), '\n')) {
      if (line.starts_with("  directclr ")) {
        examples.push_back(line);
      } else if (!examples.empty() && line.starts_with("  --")) {
        examples.back() += line;  // wrapped
      } else if (!examples.empty()) {
        break;
      }
    }
    ASSERT_FALSE(examples.empty()) << command;
    EXPECT_TRUE(examples[0].starts_with("  " + command)) << examples[0];
    for (const auto& example : examples) {
      std::string help = outcome.out;
      if (!example.starts_with("  " + command)) help = run({words_of(example)[1], "--help-all"}).out;
      for (const auto& word : words_of(example)) {
        EXPECT_TRUE(!word.starts_with("-") || names(help, word)) << example << ": " << word;
      }
    }
  }
}

TEST_F(Help, ExplainsSuitesAndGates) {
  const std::string reproduce = run({"reproduce", "--help"}).out;
  for (const char* suite : {"fig2", "fig7", "table1", "fig9", "table2", "appendix-f", "fig12", "rankme", "all"}) {
    const size_t at = reproduce.find(" " + std::string(suite) + ": ");
    ASSERT_NE(at, std::string::npos) << suite;
    EXPECT_NE(reproduce.substr(at, 80).find("run"), std::string::npos) << suite << ": says no runs";
  }
  for (const char* command : {"spectrum", "train"}) {
    const std::string help = run({command, "--help"}).out;
    for (const char* word : {"effective-rank or rank", "dead-directions or dead", "one-direction", "NAME=0.1D",
                             "a tenth of them", "which number?"}) {
      EXPECT_NE(help.find(word), std::string::npos) << command << ": " << word;
    }
  }
}

}  // namespace
}  // namespace directclr
