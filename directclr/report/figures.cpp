#include "directclr/report/figures.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/report/html.h"
#include "directclr/report/palette.h"

extern char** environ;

namespace directclr::report {
namespace {

namespace fs = std::filesystem;

std::string to_comments(const std::vector<std::string>& notes) {
  std::string text;
  for (const auto& note : notes) text += "# " + note + "\n";
  return text;
}

// Names stand between commas without quotes, for tools that know nothing of quoting.
std::string csv_name(std::string name) {
  std::replace(name.begin(), name.end(), ',', ';');
  return name;
}

// Long form, one row a point: gnuplot selects a series by its number, other tools by its name.
std::string to_csv(const Figure& figure) {
  const bool bands =
      std::any_of(figure.series.begin(), figure.series.end(), [](const Series& s) { return !s.low.empty(); });
  std::string csv = to_comments(figure.notes) + (bands ? "series,name,x,y,low,high\n" : "series,name,x,y\n");
  for (size_t i = 0; i < figure.series.size(); ++i) {
    const auto& s = figure.series[i];
    for (size_t k = 0; k < s.x.size(); ++k) {
      csv += std::to_string(i) + "," + csv_name(s.name) + "," + format_number(s.x[k]) + "," + format_number(s.y[k]);
      if (bands) {
        csv += s.low.empty() ? ",," : "," + format_number(s.low[k]) + "," + format_number(s.high[k]);
      }
      csv += "\n";
    }
  }
  return csv;
}

std::string output_line(const std::string& name) { return "set output " + in_quotes(name + ".svg") + "\n"; }

std::string head(const std::string& name, int width, int height, const std::string& title, const std::string& x_label,
                 const std::string& y_label) {
  return "# gnuplot " + name + ".gp\n" +
         format("set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,13' rounded\n", width, height) +
         output_line(name) + "set datafile separator ','\nset title " + in_quotes(title) + "\nset xlabel " +
         in_quotes(x_label) + "\nset ylabel " + in_quotes(y_label) + "\n";
}

std::string color_of(const Figure& figure, size_t i) {
  if (!figure.family) return palette_color(colors_of(figure)[i]);
  // From blue to orange along the measured members of the family.
  const auto members =
      std::count_if(figure.series.begin(), figure.series.end(), [](const Series& s) { return !s.dashed; });
  const double t = members < 2 ? 0 : std::min(1.0, static_cast<double>(i) / static_cast<double>(members - 1));
  const auto mix = [&](int from, int to) { return static_cast<int>(from + t * (to - from)); };
  return format("#%02X%02X%02X", mix(0x00, 0xE6), mix(0x72, 0x7F), mix(0xB2, 0x00));
}

std::vector<double> drawn_values(const Figure& figure) {
  std::vector<double> values;
  for (const auto& s : figure.series) {
    for (const auto* list : {&s.y, &s.low, &s.high}) values.insert(values.end(), list->begin(), list->end());
  }
  return values;
}

std::string scale_script(const Figure& figure) {
  const AxisScale scale = y_scale(figure);
  if (scale.kind == AxisScale::Kind::kLinear) return "";
  if (scale.kind == AxisScale::Kind::kLog) return "set logscale y\nset format y '1e%T'\n";
  const std::string within = format_number(2 * scale.within);
  std::vector<double> values = drawn_values(figure);
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::vector<std::string> ticks;
  for (const double tick : signed_ticks(scale, *low, *high)) {
    ticks.push_back(in_quotes(format("%.0e", tick)) + " " + format_number(tick));
  }
  return "set nonlinear y via asinh(y/" + within + ") inverse " + within + "*sinh(y)\nset yrange [" +
         format_number(*low) + ":" + format_number(*high) + "]\nset ytics (" + join(ticks) + ")\n";
}

// Of few whole places gnuplot would make ticks between them.
std::string whole_ticks(const Figure& figure) {
  constexpr size_t kFew = 8;
  const bool few =
      std::all_of(figure.series.begin(), figure.series.end(), [](const Series& s) { return s.x.size() <= kFew; });
  return figure.whole_x && few ? "set xtics 1\n" : "";
}

// In how many rows gnuplot writes the key: as many columns as fit.
int rows_of_key(const Figure& figure, int width) {
  constexpr double kLetter = 7.5, kSample = 75;  // px
  size_t names = 0, longest = 0;
  for (const auto& s : figure.series) {
    names += s.name.empty() ? 0 : 1;
    longest = std::max(longest, s.name.size());
  }
  const auto columns = static_cast<size_t>(std::max(1.0, width / (kLetter * static_cast<double>(longest) + kSample)));
  return static_cast<int>((names + columns - 1) / columns);
}

std::string to_script(const Figure& figure, const std::string& name) {
  // A long key takes nothing from the picture.
  constexpr int kWidth = 640, kHeight = 425, kRowsWithin = 3, kRow = 19;
  const int further = figure.family ? 0 : std::max(0, rows_of_key(figure, kWidth) - kRowsWithin);
  std::string gp = head(name, kWidth, kHeight + kRow * further, figure.title, figure.x_label, figure.y_label);
  gp += "set autoscale xfix\nset border 3\nset tics nomirror out\nset grid ytics lw 0.5 lc rgb '#888888' dt 3\n";
  gp += figure.family ? "set key off\n" : "set key outside below height 1\n";
  gp += scale_script(figure) + whole_ticks(figure);
  const auto turns = turns_of(figure);
  constexpr const char* kDashes[kTurns] = {"2", "2 dt (24,6)", "2 dt (24,6,4,6)",
                                           "2 dt (24,6,4,6,4,6)"};  // as page.css has
  std::vector<std::string> plots;
  const auto source = [&](size_t i, const char* columns) {
    return in_quotes(name + ".csv") + format(" every ::1 using ($1==%zu ? $3 : NaN):%s", i, columns);
  };
  for (size_t i = 0; i < figure.series.size(); ++i) {
    if (figure.series[i].low.empty()) continue;
    plots.push_back(source(i, "5:6") + " with filledcurves fs transparent solid 0.15 noborder lc rgb '" +
                    color_of(figure, i) + "' notitle");
  }
  for (size_t i = 0; i < figure.series.size(); ++i) {
    const Series& s = figure.series[i];
    // A line through one or two points would hardly be seen.
    const auto finite = std::count_if(s.y.begin(), s.y.end(), [](double y) { return std::isfinite(y); });
    const bool line = s.dashed || s.dotted || finite > 2;
    plots.push_back(source(i, "4") +
                    (s.points ? " with points pt 7 ps "
                     : line   ? " with lines lw "
                              : " with linespoints pt 7 ps 0.5 lw ") +
                    (s.points   ? "0.6"
                     : s.dotted ? "1.5 dt 3"
                     : s.dashed ? "1.5 dt 2"
                                : kDashes[turns[i] % kTurns]) +
                    " lc rgb '" + (s.dashed && figure.family ? "black" : color_of(figure, i)) +
                    (s.name.empty() ? "' notitle" : "' title " + in_quotes(s.name)));
  }
  return gp + "plot " + join(plots, ", \\\n     ") + "\n";
}

std::string to_csv(const HeatMap& map) {
  std::string csv = to_comments(map.notes) + "x,y,column,row,value\n";
  for (size_t r = 0; r < map.rows.size(); ++r) {
    for (size_t c = 0; c < map.columns.size(); ++c) {
      csv += format("%zu,%zu,", c, r) + csv_name(map.columns[c]) + "," + csv_name(map.rows[r]) + "," +
             format_number(map.values[r * map.columns.size() + c]) + "\n";
    }
  }
  return csv;
}

// Names where there are some, of so many as do not run into each other.
std::string ticks(const char* axis, const std::vector<std::string>& names) {
  std::vector<std::string> parts, shown;
  size_t longest = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    longest = std::max(longest, names[i].size());
    parts.push_back(in_quotes(names[i]) + " " + std::to_string(i));
  }
  const size_t most = axis[0] == 'x' && longest > 2 ? 8 : 16;
  const size_t every = (parts.size() + most - 1) / most;
  for (size_t i = 0; i < parts.size(); i += every) shown.push_back(parts[i]);
  return std::string("set ") + axis + "tics (" + join(shown) + ") nomirror out\n";
}

std::string to_script(const HeatMap& map, const std::string& name) {
  const std::string x_label = map.crossed.empty() ? map.x_label : map.x_label + "   (x: " + map.crossed + ")";
  std::string gp = head(name, 480, 400, map.title, x_label, map.y_label);
  gp += ticks("x", map.columns) + ticks("y", map.rows) + "set cblabel " + in_quotes(map.value_label) + "\n";
  gp += format("set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n", map.columns.size() - 1, map.rows.size() - 1);
  if (map.low < map.high) {
    gp += "set cbrange [" + format_number(map.low) + ":" + format_number(map.high) + "]\n";
  }
  gp +=
      "set palette defined (0 '#141a48', 1 '#2f648e', 2 '#5da399', 3 '#bacd8c', 4 '#fff4c4')\nset key off\nset border "
      "0\n";
  for (size_t i = 0; i < map.values.size() && !map.crossed.empty(); ++i) {
    if (std::isfinite(map.values[i])) continue;
    gp += format("set label 'x' at %zu,%zu center front\n", i % map.columns.size(), i / map.columns.size());
  }
  // Boxes and not `with image`: an image in an svg is blurred by browsers.
  return gp + "set style fill solid noborder\nplot " + in_quotes(name + ".csv") +
         " every ::1 using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):5 with boxxyerror lc palette\n";
}

// A file in memory, which a program that is started here reads or writes.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text = "") : file_(::memfd_create("directclr", MFD_CLOEXEC)) {
    if (file_ < 0 || ::pwrite(file_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
      throw Error(std::string("no file in memory can be made: ") + std::strerror(errno));
    }
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int number() const { return file_; }
  std::string text() const { return read_file("/proc/self/fd/" + std::to_string(file_)); }

 private:
  int file_;
};

// What the script draws, from the data in the directory; nothing when there is no gnuplot. The picture comes through
// memory: what gnuplot wrote itself could be half a picture, on a full disk, of which it does not speak, or while
// another program draws the same one.
std::optional<std::string> run_gnuplot(const fs::path& directory, const std::string& script, const std::string& name) {
  const MemoryFile input(script), output;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawn_file_actions_adddup2(&actions, input.number(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.number(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string program = "gnuplot";
  std::string argument = "/dev/stdin";  // as a file: after an error it ends
  char* arguments[] = {program.data(), argument.data(), nullptr};
  // A group of its own: Ctrl-C asks this program to stop, and is not for the picture at which it is.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, "gnuplot", &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) return std::nullopt;
  if (error != 0) throw Error(std::string("cannot run gnuplot: ") + std::strerror(error));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // Where a process is started by fork and exec, the child says that there is no such program, as a shell does.
  constexpr int kNoSuchProgram = 127;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchProgram) return std::nullopt;
  std::string picture = output.text();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || picture.find("</svg>") == std::string::npos) {
    throw Error("gnuplot failed on " + (directory / (name + ".gp")).string() + " (run it by hand to see why)");
  }
  return picture;
}

// Stands in the place of a picture that cannot be drawn here: what was found must not be lost for want of it.
std::string placeholder(const std::string& name) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"48\" viewBox=\"0 0 640 48\">"
         "<text x=\"8\" y=\"28\" font-family=\"sans-serif\" font-size=\"13\" fill=\"black\">Not drawn: gnuplot is not "
         "installed. It draws this picture from " +
         escape(name) + ".gp.</text></svg>\n";
}

std::string draw(const std::string& csv, const std::string& script, const fs::path& directory,
                 const std::string& name) {
  make_directories(directory);
  write_file(directory / (name + ".csv"), csv);
  write_file(directory / (name + ".gp"), script);
  std::string to_standard_output = script;
  to_standard_output.erase(script.find(output_line(name)), output_line(name).size());
  const std::string svg = run_gnuplot(directory, to_standard_output, name).value_or(placeholder(name));
  write_file(directory / (name + ".svg"), svg);
  return svg;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

AxisScale y_scale(const Figure& figure) {
  if (figure.log_y) return {AxisScale::Kind::kLog};
  return scale_of(drawn_values(figure));
}

std::vector<size_t> colors_of(const Figure& figure) {
  std::vector<std::string> names;
  const auto by_name = [](const Series& s) { return s.color_of == SIZE_MAX && s.color == SIZE_MAX; };
  for (const auto& s : figure.series) {
    if (by_name(s)) names.push_back(s.name);
  }
  const auto own = series_colors(names);
  std::vector<size_t> colors(figure.series.size());
  size_t next = 0;
  for (size_t i = 0; i < colors.size(); ++i) {
    colors[i] = by_name(figure.series[i]) ? own[next++] : figure.series[i].color;
  }
  for (size_t i = 0; i < colors.size(); ++i) {
    if (figure.series[i].color_of != SIZE_MAX) colors[i] = colors[figure.series[i].color_of];
  }
  return colors;
}

std::vector<size_t> turns_of(const Figure& figure) {
  const auto colors = colors_of(figure);
  std::vector<size_t> turns(colors.size(), 0), seen(kPaletteSize, 0);
  for (size_t i = 0; i < colors.size() && !figure.family; ++i) {
    if (figure.series[i].color_of == SIZE_MAX) turns[i] = seen[colors[i]]++;
  }
  return turns;
}

bool can_draw() {
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path ? path : "", ':')) {
    if (::access((folder + "/gnuplot").c_str(), X_OK) == 0) return true;
  }
  return false;
}

HeatMap matrix_map(const std::string& title, const std::string& x_label, const std::string& y_label, size_t columns,
                   std::vector<double> values) {
  HeatMap map{title, x_label, y_label, "value"};
  const auto numbers = [](size_t count) {
    std::vector<std::string> names;
    for (size_t k = 0; k < count; ++k) names.push_back(k % 8 == 0 ? std::to_string(k) : "");
    return names;
  };
  map.columns = numbers(columns);
  map.rows = numbers(values.size() / columns);
  map.values = std::move(values);
  return map;
}

Figure spectrum_figure(const std::string& title, const std::vector<SpectrumCurve>& curves, double dead_below) {
  constexpr double kUnknownFloor = 1e-16;
  Figure figure{title, "direction, strongest first", "variance along it (eigenvalue)", true, {}, false, {}};
  figure.whole_x = true;
  std::vector<Series> limits;
  for (size_t i = 0; i < curves.size(); ++i) {
    const auto& values = curves[i].values;
    const double largest = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    const double floor = curves[i].floor > 0 ? curves[i].floor : largest > 0 ? kUnknownFloor * largest : kUnknownFloor;
    const bool coarse = curves[i].floor > dead_below * largest;
    Series series{curves[i].name, {}};
    series.color = curves[i].color;
    size_t measured = 0;
    for (size_t k = 0; k < values.size(); ++k) {
      const bool above = values[k] > floor;
      measured += above;
      series.x.push_back(static_cast<double>(k + 1));
      series.y.push_back(above || (coarse && values[k] > 0) ? values[k] : std::nan(""));
    }
    figure.series.push_back(std::move(series));
    // Each kind of limit stands in the key once.
    const auto limit = [&](double from, double y, std::string key, bool Series::*kind) {
      if (std::any_of(limits.begin(), limits.end(), [&](const Series& other) { return other.*kind; })) key.clear();
      const auto last = static_cast<double>(values.size());
      // Of a single direction a line to both sides of it: from it to itself there is none.
      limits.push_back({key, values.size() == 1 ? std::vector{0.5, 1.5} : std::vector{from, last}, {y, y}});
      limits.back().color_of = i;
      limits.back().*kind = true;
    };
    const bool nothing = !(largest > 0);  // a logarithmic axis needs something to show
    if (!nothing) {
      limit(1, dead_below * largest, "dead: below this line", &Series::dashed);
    }
    if (measured < values.size() && (curves[i].floor > 0 || nothing)) {
      const double from = std::max(1.0, static_cast<double>(measured) + 0.5);
      limit(from, floor, "below this line rounding may make it", &Series::dotted);
    }
  }
  figure.series.insert(figure.series.end(), limits.begin(), limits.end());
  return figure;
}

std::string write_figure(const Figure& figure, const fs::path& directory, const std::string& name) {
  return draw(to_csv(figure), to_script(figure, name), directory, name);
}

std::string write_figure(const HeatMap& map, const fs::path& directory, const std::string& name) {
  return draw(to_csv(map), to_script(map, name), directory, name);
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
