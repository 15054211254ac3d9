#include "directclr/report/compact_svg.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "directclr/core/text.h"

namespace directclr::report {
namespace {

struct Point {
  double x = 0, y = 0;
};

constexpr double kVisible = 0.3;  // px

std::string coordinate(double value) {
  std::string text = format("%.1f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string place(const Point& p) { return coordinate(p.x) + " " + coordinate(p.y); }

// "12.00,3.50 " and so on; false for anything else.
bool read_points(std::string text, std::vector<Point>& points) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  for (const auto& word : split(text, ' ')) {
    if (word.empty()) continue;
    const auto parts = split(word, ',');
    Point p;
    if (parts.size() != 2 || !parse_double(parts[0], p.x) || !parse_double(parts[1], p.y)) return false;
    points.push_back(p);
  }
  return true;
}

double distance_to(const Point& p, const Point& a, const Point& b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// Douglas and Peucker: the line from the first to the last, and wherever a point lies off it that point too.
std::vector<Point> seen_points(const std::vector<Point>& points) {
  std::vector<char> kept(points.size(), 0);
  std::vector<std::pair<size_t, size_t>> open = {{0, points.size() - 1}};
  kept.front() = kept.back() = 1;
  while (!open.empty()) {
    const auto [from, to] = open.back();
    open.pop_back();
    size_t farthest = from;
    double most = kVisible;
    for (size_t i = from + 1; i < to; ++i) {
      const double off = distance_to(points[i], points[from], points[to]);
      if (off <= most) continue;
      most = off;
      farthest = i;
    }
    if (farthest == from) continue;
    kept[farthest] = 1;
    open.push_back({from, farthest});
    open.push_back({farthest, to});
  }
  std::vector<Point> seen;
  for (size_t i = 0; i < points.size(); ++i) {
    if (kept[i]) seen.push_back(points[i]);
  }
  return seen;
}

// The d of a path of straight lines (M and L alone); as it is where it is another.
std::string compact_path(const std::string& d) {
  std::string result;
  for (const auto& part : split(d, 'M')) {
    std::string places = part;
    std::replace(places.begin(), places.end(), 'L', ' ');
    std::vector<Point> points;
    if (!read_points(places, points)) return d;
    if (points.empty()) continue;
    const auto seen = seen_points(points);
    result += "M" + place(seen[0]);
    for (size_t i = 1; i < seen.size(); ++i) result += "L" + place(seen[i]);
  }
  return result;
}

// The corners of an area; those of a cell as they are.
std::string compact_area(const std::string& corners) {
  std::vector<Point> points;
  if (!read_points(corners, points) || points.size() <= 4) return corners;
  std::string result;
  for (const auto& point : seen_points(points)) result += place(point) + " ";
  return result;
}

// Every attribute that `open` begins, ' d=' for one, as `compact` has it.
std::string compact_all(const std::string& svg, std::string_view open, std::string (*compact)(const std::string&)) {
  std::string result;
  size_t from = 0;
  for (size_t at; (at = svg.find(open, from)) != std::string::npos;) {
    const size_t begin = at + open.size(), end = svg.find('\'', begin);
    if (end == std::string::npos) break;
    result += svg.substr(from, begin - from) + compact(svg.substr(begin, end - begin));
    from = end;
  }
  return result + svg.substr(from);
}

// What stands between two texts of a line; false where they do not follow each other.
bool between(const std::string& line, const std::string& before, const std::string& after, std::string& found) {
  const size_t at = line.find(before);
  if (at == std::string::npos) return false;
  const size_t begin = at + before.size(), end = line.find(after, begin);
  if (end == std::string::npos) return false;
  found = line.substr(begin, end - begin);
  return true;
}

// "#1928AF" of "rgb( 25,  40, 175)"; another text as it is.
std::string short_colour(const std::string& colour) {
  std::string list;
  int64_t channels[3] = {};
  if (!between(colour, "rgb(", ")", list)) return colour;
  list.erase(std::remove(list.begin(), list.end(), ' '), list.end());
  const auto parts = split(list, ',');
  for (size_t i = 0; i < 3; ++i) {
    if (parts.size() != 3 || !parse_int(parts[i], channels[i])) return colour;
  }
  return format("#%02X%02X%02X", static_cast<int>(channels[0]), static_cast<int>(channels[1]),
                static_cast<int>(channels[2]));
}

// Lines that follow each other, those of one width in a group, in it those of one colour as a path.
class Strokes {
 public:
  /// What must stand before this one: the lines of another width.
  std::string add(const std::string& width_and_ends, const std::string& colour, const std::string& d) {
    std::string before = width_and_ends == group_ ? "" : take();
    group_ = width_and_ends;
    const auto known =
        std::find_if(paths_.begin(), paths_.end(), [&](const auto& path) { return path.first == colour; });
    if (known == paths_.end()) {
      paths_.emplace_back(colour, d);
    } else {
      known->second += d;
    }
    return before;
  }
  std::string take() {
    if (paths_.empty()) return "";
    std::string text = "<g fill='none' " + group_ + ">\n";
    for (const auto& [colour, d] : paths_) text += "<path stroke='" + short_colour(colour) + "' d='" + d + "'/>\n";
    paths_.clear();
    return text + "</g>\n";
  }

 private:
  std::string group_;
  std::vector<std::pair<std::string, std::string>> paths_;
};

// A cell, a rectangle along the axes: as a line of its height, in steps of half a pixel. It reaches a little into the
// next one, as gnuplot's do, so that nothing shines through.
bool take_cell(const std::string& line, Strokes& strokes, std::string& result) {
  constexpr double kOverlap = 0.2;
  std::string fill, list;
  std::vector<Point> p;
  if (!between(line, "<polygon fill = '", "'", fill) || !between(line, " points = '", "'/>", list)) return false;
  if (!read_points(list, p) || p.size() != 4) return false;
  if (p[0].y != p[1].y || p[1].x != p[2].x || p[2].y != p[3].y || p[3].x != p[0].x) return false;
  const auto [left, right] = std::minmax(p[0].x, p[1].x);
  const double height = std::ceil(2 * std::abs(p[2].y - p[0].y)) / 2;
  result += strokes.add("stroke-width='" + coordinate(height) + "' stroke-linecap='butt'", fill,
                        "M" + place({left, (p[0].y + p[2].y) / 2}) + "h" + coordinate(right - left + kOverlap));
  return true;
}

// A mark: gnuplot's filled circle, of radius 1 before it is scaled. A line of no length with round ends is one.
bool take_mark(const std::string& line, Strokes& strokes, std::string& result) {
  std::string at, size, colour;
  std::vector<Point> p;
  double scale = 0;
  if (!between(line, "<use xlink:href='#gpPt6' transform='translate(", ")", at) ||
      !between(line, " scale(", ")", size) || !between(line, " color='", "'/>", colour)) {
    return false;
  }
  if (!read_points(at, p) || p.size() != 1 || !parse_double(size, scale)) return false;
  result += strokes.add("stroke-width='" + coordinate(2 * scale) + "' stroke-linecap='round'", colour,
                        "M" + place(p[0]) + "h0");
  return true;
}

}  // namespace

std::string compact_svg(const std::string& svg) {
  std::string result;
  Strokes strokes;
  const std::string shorter = compact_all(compact_all(svg, " d='", compact_path), " points = '", compact_area);
  for (const auto& line : split(shorter, '\n')) {
    if (take_cell(line, strokes, result) || take_mark(line, strokes, result)) continue;
    result += strokes.take() + line + "\n";
  }
  return result + strokes.take();
}

}  // namespace directclr::report
