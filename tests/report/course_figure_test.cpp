#include "directclr/report/course_figure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace directclr::report {
namespace {

Course course_of_length(size_t count) {
  Course course;
  for (size_t i = 0; i < count; ++i) {
    course.steps.push_back(10.0 * static_cast<double>(i));
    course.values.push_back(std::sin(static_cast<double>(i)));
  }
  return course;
}

TEST(CourseFigure, LeavesShortCoursesAlone) {
  const Course course = course_of_length(2 * kMostSpans);
  const Course same = thinned(course);
  EXPECT_EQ(same.steps, course.steps);
  EXPECT_EQ(same.values, course.values);
}

// Whatever is thinned away, the extremes of every part and their steps stay, in the order of steps.
TEST(CourseFigure, KeepsThePeaksOfLongCourses) {
  Course course = course_of_length(10'007);
  course.values[5003] = 50;
  course.values[5004] = -50;
  const Course few = thinned(course, 100);
  EXPECT_LE(few.values.size(), 200U);
  EXPECT_TRUE(std::is_sorted(few.steps.begin(), few.steps.end()));
  for (const auto& [step, value] : {std::pair(50030.0, 50.0), std::pair(50040.0, -50.0)}) {
    const auto at = std::find(few.steps.begin(), few.steps.end(), step);
    ASSERT_NE(at, few.steps.end());
    EXPECT_EQ(few.values[static_cast<size_t>(at - few.steps.begin())], value);
  }
  for (size_t i = 0; i < few.steps.size(); ++i) {
    EXPECT_EQ(few.values[i], course.values[static_cast<size_t>(few.steps[i] / 10)]);
  }
  // Where all are alike one place of a part is enough.
  Course flat = course;
  std::fill(flat.values.begin(), flat.values.end(), 1.0);
  EXPECT_LE(thinned(flat, 100).values.size(), 200U);
}

TEST(CourseFigure, SaysThatItIsThinned) {
  RunResults run, other;
  run.name = "long";
  run.metrics["loss"] = course_of_length(5000);
  run.metrics["rank_r"] = course_of_length(10);
  run.metrics["dead_r"] = course_of_length(1);
  other.name = "without";
  EXPECT_EQ(course_figure({run, other}, "rank_r", "Rank", "rank").x_label, "step");
  const Figure figure = course_figure({run, other}, "loss", "Loss", "loss");
  EXPECT_EQ(figure.x_label, "step (of each 500-th part the lowest and the highest value)");
  ASSERT_EQ(figure.series.size(), 1U);
  EXPECT_EQ(figure.series[0].name, "run long");
  EXPECT_TRUE(course_figure({run, other}, "dead_r", "", "").series.empty()) << "one value is no course";
}

TEST(CourseFigure, GivesARunItsColourInEveryFigure) {
  std::vector<RunResults> runs(3);
  const char* const names[] = {"first", "mlp", "second"};
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].name = names[i];
    runs[i].metrics["loss"] = course_of_length(10);
  }
  EXPECT_EQ(colors_of(runs), colors_of(course_figure(runs, "loss", "Loss", "loss")));
}

}  // namespace
}  // namespace directclr::report
