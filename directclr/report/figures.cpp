#include "directclr/report/figures.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"

extern char** environ;

namespace directclr::report {
namespace {

namespace fs = std::filesystem;

// Distinguishable also without colour vision (Okabe and Ito), and on white as on dark ground.
const char* const kColors[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6FDF", "#888888"};

// Long form, one row a point: gnuplot selects a series by its number, other tools by its name.
std::string to_csv(const Figure& figure) {
  std::string csv = "series,name,x,y\n";
  for (size_t i = 0; i < figure.series.size(); ++i) {
    const auto& s = figure.series[i];
    std::string name = s.name;
    std::replace(name.begin(), name.end(), ',', ';');
    for (size_t k = 0; k < s.x.size(); ++k) {
      csv += format("%zu,%s,%s,%s\n", i, name.c_str(), format_number(s.x[k]).c_str(), format_number(s.y[k]).c_str());
    }
  }
  return csv;
}

std::string to_script(const Figure& figure, const std::string& name) {
  std::string gp = "# gnuplot " + name + ".gp\n";
  gp += "set terminal svg size 640,400 dynamic noenhanced font 'sans-serif,13' rounded\n";
  gp += "set output " + in_quotes(name + ".svg") + "\n";
  gp += "set datafile separator ','\n";
  gp += "set title " + in_quotes(figure.title) + "\nset xlabel " + in_quotes(figure.x_label) + "\nset ylabel " +
        in_quotes(figure.y_label) + "\n";
  gp +=
      "set autoscale xfix\nset border 3\nset tics nomirror out\nset grid ytics lw 0.5 lc rgb '#888888' dt 3\nset key "
      "outside below\n";
  if (figure.log_y) gp += "set logscale y\nset format y '1e%T'\n";
  gp += "plot ";
  for (size_t i = 0; i < figure.series.size(); ++i) {
    if (i > 0) gp += ", \\\n     ";
    gp += in_quotes(name + ".csv") +
          format(" every ::1 using ($1==%zu ? $3 : NaN):4 with lines lw 2 lc rgb '%s' title ", i,
                 kColors[i % std::size(kColors)]) +
          in_quotes(figure.series[i].name);
  }
  return gp + "\n";
}

void run_gnuplot(const fs::path& directory, const std::string& script) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string program = "gnuplot";
  std::string argument = script;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw Error(std::string("cannot run gnuplot: ") + std::strerror(error) + " (install gnuplot-nox)");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error("gnuplot failed on " + (directory / script).string() + " (run it by hand to see why)");
  }
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

Figure spectrum_figure(const std::string& title,
                       const std::vector<std::pair<std::string, std::vector<double>>>& spectra) {
  Figure figure{title, "singular value rank index", "singular value of the covariance", true, {}};
  for (const auto& [name, values] : spectra) {
    Series series{name, {}, values};
    const double largest = values.empty() ? 1 : std::max(*std::max_element(values.begin(), values.end()), 1e-300);
    for (size_t k = 0; k < values.size(); ++k) {
      series.x.push_back(static_cast<double>(k));
      series.y[k] = std::max(series.y[k], 1e-20 * largest);
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
}

std::string write_figure(const Figure& figure, const fs::path& directory, const std::string& name) {
  make_directories(directory);
  write_file(directory / (name + ".csv"), to_csv(figure));
  write_file(directory / (name + ".gp"), to_script(figure, name));
  run_gnuplot(directory, name + ".gp");
  return read_file(directory / (name + ".svg"));
}

std::string inline_svg(const std::string& svg, const std::string& prefix) {
  const size_t begin = svg.find("<svg");
  std::string result = begin == std::string::npos ? svg : svg.substr(begin);
  for (const char quote : {'\'', '"'}) {
    const std::string q(1, quote);
    replace_all(result, "id=" + q, "id=" + q + prefix + "-");
    replace_all(result, "href=" + q + "#", "href=" + q + "#" + prefix + "-");
    replace_all(result, q + "black" + q, q + "currentColor" + q);
    replace_all(result, q + "rgb(  0,   0,   0)" + q, q + "currentColor" + q);
  }
  replace_all(result, "url(#", "url(#" + prefix + "-");
  return result;
}

}  // namespace directclr::report
