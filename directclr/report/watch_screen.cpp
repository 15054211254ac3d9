#include "directclr/report/watch_screen.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/report/live_run.h"
#include "directclr/report/plain_words.h"

namespace directclr::report {
namespace {

using Style = ScreenLine::Style;

constexpr size_t kLabel = 24;     // letters before a row of bars
constexpr size_t kLeastBars = 8;  // with fewer columns for them there are none
constexpr size_t kTallest = 8;    // rows of a spectrum
constexpr int kLevels = 8;        // of a letter

// Letters of UTF-8, which are counted by their first bytes.
size_t letters_in(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut_to(const std::string& text, size_t letters) {
  size_t end = 0, seen = 0;
  for (; end < text.size(); ++end) {
    if ((text[end] & 0xC0) != 0x80 && ++seen > letters) break;
  }
  return text.substr(0, end);
}

std::string padded(std::string text, size_t letters) {
  const size_t has = letters_in(text);
  return has < letters ? text + std::string(letters - has, ' ') : cut_to(text, letters - 1) + " ";
}

// A course in so many columns: the mean of each part.
std::vector<double> in_columns(const std::vector<double>& values, size_t columns) {
  if (values.size() <= columns) return values;
  std::vector<double> means;
  for (size_t i = 0; i < columns; ++i) {
    const size_t begin = i * values.size() / columns, end = (i + 1) * values.size() / columns;
    double sum = 0;
    for (size_t k = begin; k < end; ++k) sum += values[k];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return means;
}

// Between `low` and the largest.
std::vector<double> heights_of(std::vector<double> values, double low) {
  const double high = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  for (double& value : values) value = high > low ? (value - low) / (high - low) : 0;
  return values;
}

// The last spectrum of r: the logarithms of live directions between the dead line and the largest, in so many columns.
std::vector<double> spectrum_heights(const RunResults& run, size_t columns) {
  const std::vector<double>& logs = run.spectra_log.r.back();
  const double decades = -std::log10(spectrum::VerdictSettings{}.dead_below);
  const size_t count = logs.size(), shown = count <= columns ? count * (columns / count) : columns;
  std::vector<double> heights;
  for (size_t i = 0; i < shown; ++i) {
    const double below = logs[shown < count ? i * (count - 1) / (shown - 1) : i * count / shown] - logs.front();
    heights.push_back(below >= -decades ? 1 + below / decades : NAN);
  }
  return heights;
}

// The lines of one run, in the order of the screen, each with its place in the order of what matters.
class RunBlock {
 public:
  RunBlock(const RunResults& run, const Screen& screen, size_t rows)
      : run_(run), live_(live_run(run)), screen_(screen), rows_(rows) {
    if (!live_.resume.empty()) warnings_.push_back("! go on with: " + live_.resume);
    for (const auto& warning : live_.warnings) warnings_.push_back("! " + warning);
  }

  std::vector<ScreenLine> lines() {
    size_t left = rows_ - 1;
    const auto take = [&](size_t wanted) {
      const size_t taken = std::min(left, wanted);
      left -= taken;
      return taken;
    };
    const bool logged = live_.step > 0, bars_fit = screen_.columns >= kLabel + kLeastBars;
    const bool spectrum = logged && bars_fit && !run_.spectra_log.steps.empty();
    // In the order of what matters.
    const size_t numbers = take(logged ? 1 : 0);
    const size_t rank_r = take(logged ? 1 : 0);
    const size_t warnings = take(warnings_.size());
    const size_t dead = take(logged ? 1 : 0);
    size_t tall = take(spectrum ? 1 : 0);
    const size_t loss = take(logged ? 1 : 0);
    const size_t rank_z = take(logged && live_.z_dimensions > 0 ? 1 : 0);
    const size_t gap = take(1);
    tall += tall > 0 ? take(kTallest - 1) : 0;

    put(live_.place + share_bar(), Style::kHead);
    if (numbers) put(numbers_line());
    if (loss) course("loss", live_.loss, "%.3f", "", /*from_zero=*/false);
    if (rank_r) course("rank_r", live_.rank_r, "%.1f", of(live_.r_dimensions), true);
    if (rank_z) course("rank_z", live_.rank_z, "%.1f", of(live_.z_dimensions), true);
    if (dead) course("dead_r", live_.dead_r, "%.0f", of(live_.r_dimensions), true);
    if (tall > 0) put_spectrum(tall);
    for (size_t i = 0; i < warnings; ++i) put(warnings_[i], Style::kWarning);
    if (gap) put("");
    return std::move(lines_);
  }

 private:
  static std::string of(int64_t dimensions) { return dimensions > 0 ? " of " + count_text(dimensions) : ""; }

  void put(const std::string& text, Style style = Style::kPlain) {
    lines_.push_back({cut_to(printable(text), screen_.columns), style});
  }

  // Behind the place, where there is room: "  [####......] 37 %".
  std::string share_bar() const {
    const std::string percent = format(" %.0f %%", 100 * live_.share);
    const size_t used = letters_in(live_.place) + percent.size() + 4;
    if (live_.step == 0 || screen_.columns < used + kLeastBars) return "";
    const size_t cells = std::min<size_t>(20, screen_.columns - used);
    const auto done = static_cast<size_t>(live_.share * static_cast<double>(cells));
    return "  [" + std::string(done, '#') + std::string(cells - done, '.') + "]" + percent;
  }

  std::string numbers_line() const {
    std::vector<std::string> parts;
    if (live_.lr) parts.push_back(format("learning rate %.3g", *live_.lr));
    if (live_.images_per_second) parts.push_back(format("%.0f images/s", *live_.images_per_second));
    if (live_.online_top1) parts.push_back(format("online top-1 %.1f %%", 100 * *live_.online_top1));
    if (live_.knn_top1) parts.push_back(format("k-NN top-1 %.1f %%", 100 * *live_.knn_top1));
    return "  " + join(parts, "   ");
  }

  // Name and last value, then the course over all steps as a row of bars.
  void course(const char* metric, const std::optional<double>& last, const char* pattern, const std::string& of_all,
              bool from_zero) {
    std::string name = metric, value = "-";
    std::replace(name.begin(), name.end(), '_', ' ');
    if (last) {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), pattern, *last);
      value = text.data() + of_all;
    }
    std::string line = padded("  " + padded(name, 8) + value, kLabel);
    const std::vector<double>& values = run_.course(metric).values;
    if (screen_.columns >= kLabel + kLeastBars && !values.empty()) {
      const auto shown = in_columns(values, screen_.columns - kLabel);
      const double low = from_zero ? 0 : *std::min_element(shown.begin(), shown.end());
      line += bars(heights_of(shown, low), 1, screen_.utf8)[0];
    }
    put(line);
  }

  void put_spectrum(size_t rows) {
    const auto drawn = bars(spectrum_heights(run_, screen_.columns - kLabel), rows, screen_.utf8);
    for (size_t i = 0; i < rows; ++i) {
      std::string label = i == 0 ? "  spectrum of r" : "";
      if (rows > 1 && i == 0) label += std::string(kLabel - 2 - label.size(), ' ') + "1";
      if (rows > 1 && i + 1 == rows) label = std::string(kLabel - 9, ' ') + "1/10,000";
      put(padded(label, kLabel) + drawn[i]);
    }
  }

  const RunResults& run_;
  const LiveRun live_;
  const Screen& screen_;
  const size_t rows_;
  std::vector<std::string> warnings_;
  std::vector<ScreenLine> lines_;
};

}  // namespace

std::vector<std::string> bars(const std::vector<double>& heights, size_t rows, bool utf8) {
  static const std::array<std::string, kLevels + 1> kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const std::array<std::string, kLevels + 1> kLetters = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
  const auto& letters = utf8 ? kBlocks : kLetters;
  std::vector<std::string> lines(rows);
  for (const double height : heights) {
    const auto levels = static_cast<int>(rows) * kLevels;
    // What is there is seen: the lowest is a level high.
    const int level = std::isfinite(height) ? std::clamp(static_cast<int>(std::lround(height * levels)), 1, levels) : 0;
    for (size_t row = 0; row < rows; ++row) {
      const int within = std::clamp(level - kLevels * static_cast<int>(rows - 1 - row), 0, kLevels);
      const bool dot = row + 1 == rows && !std::isfinite(height);
      lines[row] += dot ? (utf8 ? "·" : "_") : letters[static_cast<size_t>(within)];
    }
  }
  return lines;
}

std::vector<ScreenLine> watch_screen(const std::vector<RunResults>& runs, const Screen& screen,
                                     const std::string& footer) {
  const bool with_footer = !footer.empty() && screen.rows > runs.size();
  const size_t rows = screen.rows - (with_footer ? 1 : 0);
  const bool all = runs.size() <= rows;
  const size_t shown = all ? runs.size() : rows - 1;
  std::vector<ScreenLine> lines;
  for (size_t i = 0; i < shown; ++i) {
    const size_t share = all ? rows / shown + (i < rows % shown ? 1 : 0) : 1;
    for (auto& line : RunBlock(runs[i], screen, share).lines()) lines.push_back(std::move(line));
  }
  if (!all) {
    lines.push_back({cut_to(format("and %zu more: a taller terminal shows them", runs.size() - shown), screen.columns),
                     Style::kWarning});
  }
  const std::string what_dots_are =
      screen.utf8 ? "   · in a spectrum: a dead direction" : "   _ in a spectrum: a dead direction";
  if (with_footer) lines.push_back({cut_to(footer + what_dots_are, screen.columns), Style::kQuiet});
  return lines;
}

}  // namespace directclr::report
