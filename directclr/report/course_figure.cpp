#include "directclr/report/course_figure.h"

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/report/palette.h"

namespace directclr::report {

Course thinned(const Course& course, size_t spans) {
  const size_t count = course.values.size();
  if (count <= 2 * spans) return course;
  Course result;
  for (size_t span = 0; span < spans; ++span) {
    const auto begin = course.values.begin() + static_cast<std::ptrdiff_t>(span * count / spans);
    const auto end = course.values.begin() + static_cast<std::ptrdiff_t>((span + 1) * count / spans);
    const auto [lowest, highest] = std::minmax_element(begin, end);
    const auto at = [&](auto place) {
      result.steps.push_back(course.steps[static_cast<size_t>(place - course.values.begin())]);
      result.values.push_back(*place);
    };
    at(std::min(lowest, highest));
    if (lowest != highest) at(std::max(lowest, highest));
  }
  return result;
}

Figure course_figure(const std::vector<RunResults>& runs, const std::string& metric, const std::string& title,
                     const std::string& label) {
  Figure figure{title, "step", label};
  const std::vector<size_t> colors = colors_of(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const Course& course = runs[i].course(metric);
    if (course.steps.size() < 2) continue;
    Course shown = thinned(course);
    if (shown.steps.size() < course.steps.size()) {
      figure.x_label = format("step (of each %zu-th part the lowest and the highest value)", kMostSpans);
    }
    figure.series.push_back({runs[i].label(), std::move(shown.steps), std::move(shown.values)});
    figure.series.back().color = colors[i];
  }
  return figure;
}

std::vector<size_t> colors_of(const std::vector<RunResults>& runs) {
  std::vector<std::string> labels;
  for (const auto& run : runs) labels.push_back(run.label());
  return series_colors(labels);
}

}  // namespace directclr::report
