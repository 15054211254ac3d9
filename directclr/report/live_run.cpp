#include "directclr/report/live_run.h"

#include <algorithm>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/shell_word.h"
#include "directclr/core/text.h"
#include "directclr/report/plain_words.h"
#include "directclr/report/trend.h"

namespace directclr::report {
namespace {

constexpr size_t kRates = 5;  // of the last lines, whose median is the rate

std::optional<double> last_in(const RunResults& run, const char* metric) {
  const Course& course = run.course(metric);
  return course.values.empty() ? std::nullopt : std::optional(course.values.back());
}

double number_setting(const RunResults& run, const char* name) {
  double value = 0;
  parse_double(run.setting(name), value);
  return value;
}

std::optional<double> seconds_left(const RunResults& run, double step, double share) {
  const std::vector<double>& rates = run.course("images_per_second").values;
  const double batch = number_setting(run, "batch_size");
  if (run.state != RunState::kAtWork || rates.empty() || !(share > 0) || !(batch > 0)) return std::nullopt;
  std::vector<double> last(rates.end() - static_cast<std::ptrdiff_t>(std::min(kRates, rates.size())), rates.end());
  const auto middle = last.begin() + static_cast<std::ptrdiff_t>(last.size() / 2);
  std::nth_element(last.begin(), middle, last.end());
  if (!(*middle > 0)) return std::nullopt;
  return (step / share - step) * batch / *middle;
}

std::string doing_of(const RunResults& run, const LiveRun& live) {
  if (run.state == RunState::kNotBegun) return "has not begun";
  if (run.course("epoch").values.empty()) {
    return run.ended()                      ? "has ended, and has no log of its steps"
           : run.state == RunState::kAtWork ? "has begun and not logged a step yet"
                                            : "has stopped, and has no log of its steps";
  }
  const std::string epochs = run.setting("epochs");
  if (run.ended()) {
    std::string doing =
        "has ended after " + epochs + " " + plural(epochs == "1" ? 1 : 2, "epoch") + format(", step %.0f", live.step);
    const double logged = run.course("epoch").steps.back();
    return doing + (logged < live.step ? format(" (its log ends at step %.0f)", logged) : "");
  }
  std::string doing =
      (run.state == RunState::kStopped ? "has stopped" : "is") +
      format(" at epoch %.1f of %s, step %.0f", run.course("epoch").values.back(), epochs.c_str(), live.step);
  if (live.seconds_left) doing += ", " + format_duration(*live.seconds_left) + " left";
  return doing;
}

}  // namespace

std::string LiveRun::dead_text() const {
  return dead_r && r_dimensions > 0 ? format("%.0f of ", *dead_r) + count_text(r_dimensions) : "?";
}

LiveRun live_run(const RunResults& run) {
  LiveRun live;
  const Course& epochs_done = run.course("epoch");
  if (run.ended()) live.share = 1;
  if (!epochs_done.values.empty()) {
    const double epoch = epochs_done.values.back(), epochs = number_setting(run, "epochs");
    live.step = std::max(run.steps, epochs_done.steps.back());
    if (!run.ended()) live.share = epochs > 0 ? std::min(1.0, epoch / epochs) : 0;
    live.early = epoch < std::max(number_setting(run, "grace_epochs"), number_setting(run, "warmup_epochs"));
  }
  live.seconds_left = seconds_left(run, live.step, live.share);
  live.doing = doing_of(run, live);
  live.place = run.name + " " + live.doing;
  live.loss = last_in(run, "loss");
  live.lr = last_in(run, "lr");
  live.images_per_second = last_in(run, "images_per_second");
  live.rank_r = last_in(run, "rank_r");
  live.rank_z = last_in(run, "rank_z");
  live.dead_r = run.dead_now();
  live.online_top1 = last_in(run, "online_top1");
  live.knn_top1 = last_in(run, "knn_top1");
  live.r_dimensions = run.width_of_r();
  live.z_dimensions = run.spectra_log.z_dimensions;
  if (run.state == RunState::kStopped) live.resume = "directclr train --resume --out " + shell_word(run.path.string());
  if (live.early) return live;
  const double share = spectrum::VerdictSettings{}.collapsed_share;
  if (live.dead_r && live.r_dimensions > 0) {
    if (const auto since = collapsed_since(run.course("dead_r"), live.r_dimensions, share)) {
      live.dying = true;
      live.warnings.push_back(
          format("at least %.0f %% of the directions of r are dead since step %.0f", 100 * share, *since));
    }
  }
  if (const auto fall = fall_of(run.course("rank_r"))) {
    live.falling = true;
    live.still_falling = fall->still;
    live.warnings.push_back(format("r %s directions: its effective rank was %.1f at step %.0f and is %.1f",
                                   fall->still ? "is losing" : "has lost", fall->from, fall->since, fall->to));
  }
  return live;
}

bool all_over(const std::vector<RunResults>& runs) {
  return std::all_of(runs.begin(), runs.end(),
                     [](const auto& run) { return run.state == RunState::kEnded || run.state == RunState::kStopped; });
}

}  // namespace directclr::report
