#include "directclr/image/jpeg_baseline.h"

#include <algorithm>
#include <cstring>

namespace directclr::image {
namespace {

constexpr int kEndOfImage = 0xD9, kFirstRestart = 0xD0;

int ceil_div(int a, int b) { return (a + b - 1) / b; }

}  // namespace

// Copies the data up to the next marker, without the zeros that are stuffed in after each 0xFF.
void BaselineJpeg::start_segment() {
  const auto* from = reinterpret_cast<const uint8_t*>(bytes_.data());
  size_t size = 0;
  const size_t enough = bytes_.size() - at_ + JpegBits::kMargin;
  if (segment_.size() < enough) segment_.resize(enough);
  marker_ = 0;
  while (at_ < bytes_.size()) {
    const auto* found = static_cast<const uint8_t*>(std::memchr(from + at_, 0xFF, bytes_.size() - at_));
    const size_t end = found ? static_cast<size_t>(found - from) : bytes_.size();
    std::memcpy(segment_.data() + size, from + at_, end - at_);
    size += end - at_;
    at_ = end;
    if (!found || end + 1 == bytes_.size()) break;
    at_ += 2;
    if (from[end + 1] != 0) {
      marker_ = from[end + 1];
      break;
    }
    segment_[size++] = 0xFF;
  }
  std::memset(segment_.data() + size, 0, JpegBits::kMargin);
  bits_ = {segment_.data(), segment_.data() + size};
  for (auto& row : rows_) row.prediction = 0;
  until_restart_ = header_->restart_interval;
}

// Reads units, over restart markers.
bool BaselineJpeg::read(int units, bool keep) {
  while (units > 0) {
    int now = units;
    if (header_->restart_interval > 0) {
      if (until_restart_ == 0) {
        if (marker_ != kFirstRestart + restarts_ % 8) return false;
        ++restarts_;
        start_segment();
      }
      now = std::min(units, until_restart_);
      until_restart_ -= now;
    }
    if (!kernels_.read_units(bits_, rows_.data(), header_->components, now, keep)) return false;
    units -= now;
  }
  return true;
}

bool BaselineJpeg::prepare(std::string_view bytes, const Box& part) {
  const auto& luminance = header_->component[0];
  unit_width_ = 8 * luminance.across;
  unit_height_ = 8 * luminance.down;
  units_across_ = ceil_div(header_->width, unit_width_);
  units_down_ = ceil_div(header_->height, unit_height_);
  // Smooth upsampling looks at one sample more on each side: two pixels.
  const int aside = luminance.across == 2 ? 2 : 0, above = luminance.down == 2 ? 2 : 0;
  first_column_ = std::max(part.left - aside, 0) / unit_width_;
  end_column_ = std::min((part.left + part.width - 1 + aside) / unit_width_ + 1, units_across_);
  first_row_ = std::max(part.top - above, 0) / unit_height_;
  end_row_ = std::min((part.top + part.height - 1 + above) / unit_height_ + 1, units_down_);
  for (size_t c = 0; c < static_cast<size_t>(header_->components); ++c) {
    const auto& component = header_->component[c];
    if (!dc_[component.dc].build(*header_->dc[component.dc], false)) return false;
    if (!ac_[component.ac].build(*header_->ac[component.ac], true)) return false;
    Plane& plane = planes_[c];
    plane.width = ceil_div(header_->width * component.across, luminance.across);
    plane.height = ceil_div(header_->height * component.down, luminance.down);
    plane.left = first_column_ * 8 * component.across;
    plane.top = first_row_ * 8 * component.down;
    plane.stride = (end_column_ - first_column_) * 8 * component.across + 2 * kAround;
    const auto lines = static_cast<size_t>((end_row_ - first_row_) * 8 * component.down + 2);
    plane.memory.resize(std::max(plane.memory.size(), lines * static_cast<size_t>(plane.stride) + kAround));
    rows_[c] = {
        &dc_[component.dc], &ac_[component.ac], component.steps.data(), component.across, component.down, 0, nullptr,
        plane.stride};
  }
  // With two samples a row or fewer libjpeg does not smooth.
  if (luminance.across == 2 && planes_[1].width <= 2) return false;
  bytes_ = bytes;
  at_ = header_->data;
  restarts_ = 0;
  start_segment();
  return true;
}

// Beyond the picture's edges the colour differences go on as they were at the edge. (Not luminance: nothing looks
// there.)
void BaselineJpeg::mend_edges(int unit_row) {
  if (unit_width_ == 8) return;
  for (size_t c = 1; c < 3; ++c) {
    Plane& plane = planes_[c];
    const int top = 8 * unit_row, bottom = std::min(top + 8, plane.height);
    for (int y = top; y < bottom; ++y) {
      uint8_t* row = plane.row(y);
      if (first_column_ == 0) row[-1] = row[0];
      if (end_column_ == units_across_) row[plane.width] = row[plane.width - 1];
    }
    const auto repeat = [&](int from, int to) {
      std::memcpy(plane.row(to) + plane.left - kAround, plane.row(from) + plane.left - kAround,
                  static_cast<size_t>(plane.stride));
    };
    if (unit_row == 0) repeat(0, -1);
    if (unit_row == units_down_ - 1) repeat(plane.height - 1, plane.height);
  }
}

// Rows of pixels, of which all samples are there.
void BaselineJpeg::convert(int first_row, int end_row, const Box& part, Image& image) {
  for (int y = std::max(first_row, part.top); y < std::min(end_row, part.top + part.height); ++y) {
    uint8_t* out = image.row(y - part.top);
    const uint8_t* luminance = planes_[0].row(y) + part.left;
    if (header_->components == 1) {
      for (int x = 0; x < part.width; ++x) out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = luminance[x];
      continue;
    }
    if (unit_width_ == 8) {
      kernels_.to_rgb(luminance, planes_[1].row(y) + part.left, planes_[2].row(y) + part.left, part.width, out);
      continue;
    }
    const int first = part.left / 2, count = (part.left + part.width - 1) / 2 + 1 - first;
    const auto widen = [&](Plane& plane, std::vector<uint8_t>& line) {
      if (unit_height_ == 8) {
        kernels_.widen(plane.row(y) + first, count, line.data());
      } else {
        kernels_.widen_between(plane.row(y / 2) + first, plane.row(y % 2 == 0 ? y / 2 - 1 : y / 2 + 1) + first, count,
                               line.data());
      }
      return line.data() + part.left % 2;
    };
    kernels_.to_rgb(luminance, widen(planes_[1], blue_), widen(planes_[2], red_), part.width, out);
  }
}

bool BaselineJpeg::decode(std::string_view bytes, const JpegHeader& header, const Box& part, Image& image) {
  header_ = &header;
  if (!prepare(bytes, part)) return false;
  image.resize(part.width, part.height);
  if (unit_width_ == 16) {
    const auto room = static_cast<size_t>(part.width + 4 * kAround);
    if (blue_.size() < room) blue_.resize(room), red_.resize(room);
  }
  if (!read(first_row_ * units_across_, false)) return false;
  int converted = 0;
  for (int row = first_row_; row < end_row_; ++row) {
    for (size_t c = 0; c < static_cast<size_t>(header.components); ++c) {
      rows_[c].out = planes_[c].row(8 * row * rows_[c].down) + planes_[c].left;
    }
    if (!read(first_column_, false) || !read(end_column_ - first_column_, true)) return false;
    if (row < end_row_ - 1 && !read(units_across_ - end_column_, false)) return false;
    mend_edges(row);
    // The last row of pixels awaits the colours of the next unit.
    const int ready = row == units_down_ - 1 ? header.height : (row + 1) * unit_height_ - (unit_height_ == 16 ? 1 : 0);
    convert(converted, ready, part, image);
    converted = ready;
  }
  return part != Box{0, 0, header.width, header.height} || marker_ == kEndOfImage;
}

}  // namespace directclr::image
