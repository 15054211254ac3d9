#include "directclr/image/resize.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "directclr/image/kernels.h"
#include "directclr/image/resize_taps.h"

namespace directclr::image {
namespace {

// The taps of recent sizes: small pictures have few different ones.
class TapCache {
 public:
  const ResizeTaps& get(int in, int out, Filter filter) {
    Entry& entry = entries_[static_cast<size_t>(in) % entries_.size()];
    if (entry.in != in || entry.out != out || entry.filter != filter) {
      make_taps(in, out, filter, entry.taps, work_);
      entry.in = in;
      entry.out = out;
      entry.filter = filter;
    }
    return entry.taps;
  }

 private:
  struct Entry {
    int in = 0;
    int out = 0;
    Filter filter = Filter::kBicubic;
    ResizeTaps taps;
  };
  std::array<Entry, 64> entries_;
  ResizeTapsWork work_;
};

// The work space of one thread: in steady state nothing is allocated.
struct Workspace {
  TapCache horizontal;
  TapCache vertical;
  std::vector<uint8_t> scratch;
  std::vector<uint8_t> rows;  // interleaved, after a vertical pass that came first
  Planes columns;             // after a horizontal pass that came first
};

// Rows of interleaved RGB, `stride` bytes apart, to planes as wide as out. Of as many pixels each is itself: both
// filters are 0 at every other whole distance.
void horizontal_pass(const uint8_t* in, ptrdiff_t stride, int in_width, Filter filter, Workspace& work, Planes& out) {
  const auto row = [&](int c, int y) { return out.plane(c) + static_cast<ptrdiff_t>(y) * out.width; };
  const ResizeTaps& taps = work.horizontal.get(in_width, out.width, filter);
  work.scratch.resize(resize_scratch(taps));
  for (int y = 0; y < out.height; y += 8) {
    uint8_t* const planes[] = {row(0, y), row(1, y), row(2, y)};
    kernels().resize_rows(in + y * stride, stride, std::min(8, out.height - y), taps, planes, out.width,
                          work.scratch.data());
  }
}

}  // namespace

void crop_resize(const Image& image, const Box& box, int width, int height, Filter filter, Planes& out) {
  if (box.left < 0 || box.top < 0 || box.width < 1 || box.height < 1 || box.left + box.width > image.width ||
      box.top + box.height > image.height || width < 1 || height < 1) {
    throw std::invalid_argument("[crop_resize] expected a box inside the image and positive sizes");
  }
  thread_local Workspace work;
  out.resize(width, height);
  const uint8_t* in = image.row(box.top) + 3 * static_cast<ptrdiff_t>(box.left);
  const ptrdiff_t stride = 3 * static_cast<ptrdiff_t>(image.width);

  const int rows_saved = box.height - height;
  const int columns_saved = box.width - width;
  if (box.height == height) {
    horizontal_pass(in, stride, box.width, filter, work, out);
  } else if (rows_saved > 0 && rows_saved > 2 * columns_saved) {
    // Each pass rounds to bytes, so their order shows in the result. Pillow lets the vertical one go first when it
    // leaves the other much less to do; the rule was read off its results (docs/math.md, "Resize").
    work.rows.resize(static_cast<size_t>(height) * static_cast<size_t>(box.width) * 3);
    const ResizeTaps& taps = work.vertical.get(box.height, height, filter);
    kernels().resize_columns(in, stride, 3 * static_cast<size_t>(box.width), taps, work.rows.data());
    horizontal_pass(work.rows.data(), 3 * static_cast<ptrdiff_t>(box.width), box.width, filter, work, out);
  } else {
    work.columns.resize(width, box.height);
    horizontal_pass(in, stride, box.width, filter, work, work.columns);
    const ResizeTaps& taps = work.vertical.get(box.height, height, filter);
    for (int c = 0; c < 3; ++c) {
      kernels().resize_columns(work.columns.plane(c), width, static_cast<size_t>(width), taps, out.plane(c));
    }
  }
}

}  // namespace directclr::image
