#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/report/run_report.h"

namespace directclr::cli {

void add_report(CLI::App& app, Program& program) {
  struct State {
    std::vector<std::string> runs;
    std::string out;
    std::string title;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("report", "one HTML page that compares runs, from their result files");
  command->add_option("runs", state->runs, "run directories, in the order to show them")->required();
  command->add_option("--out", state->out,
                      "HTML file to write; its figures go to a folder beside it, of page.html to page.figures "
                      "[first run/report.html]");
  command->add_option("--title", state->title, "heading of the page [the names of the runs]");
  add_example(*command, "directclr report runs/none runs/direct --out report.html");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      std::vector<report::RunResults> runs;
      for (const auto& path : state->runs) runs.push_back(report::read_results(path));
      report::tell_apart(runs);
      const std::filesystem::path out =
          state->out.empty() ? runs[0].path / "report.html" : std::filesystem::path(state->out);
      // A folder of its own: pages that lie together do not share their figures.
      const auto folder = std::filesystem::path(out).replace_extension(".figures");
      if (folder == out)
        throw InputError("--out", "'" + out.string() + "' is where the page's figures go", "as page.html");
      write_file(out, report::run_report(state->title, runs, folder));
      const Json object = {{"file", out.string()}, {"runs", runs.size()}};
      console.result("wrote " + out.string(), object.dump());
    };
  });
}

}  // namespace directclr::cli
