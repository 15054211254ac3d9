#include "directclr/data/pipeline_times.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "directclr/core/error.h"
#include "directclr/data/loader.h"
#include "directclr/data/subset.h"
#include "directclr/data/views.h"

namespace directclr::data {
namespace {

// Microseconds that this thread has computed.
double thread_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

constexpr std::array<const char*, 9> kNames = {"read and decode", "parameters", "crop and resize", "flip",     "jitter",
                                               "grayscale",       "blur",       "solarize",        "normalise"};
constexpr size_t kDecode = 0, kParameters = 1, kFirstStep = 2, kNormalise = 8, kWholeDecode = 9;
// Times by stage. What the looks at the clock take, which for small pictures is much, is left out.
class Stopwatch {
 public:
  Stopwatch() {
    constexpr int kLooks = 2000;
    begin();
    for (int i = 0; i < kLooks; ++i) lap(kDecode);
    look_ = sums_[kDecode] / kLooks;
    clear();
  }
  void begin() { last_ = thread_microseconds(); }
  void lap(size_t stage) {
    sums_[stage] += thread_microseconds() - last_ - look_;
    begin();
  }
  double sum(size_t stage) const { return std::max(0.0, sums_[stage]); }
  void clear() { sums_ = {}; }

 private:
  std::array<double, 10> sums_{};
  double last_ = 0;
  double look_ = 0;
};

// Makes one image's views. With a watch it takes the time of every stage, and of decoding the whole picture.
void make_views(const Source& source, const AugmentSettings& s, const NormalizeTable& table, uint64_t index,
                uint32_t epoch, Stopwatch* watch) {
  thread_local image::Region region;
  thread_local image::Image whole;
  thread_local image::Planes planes;
  thread_local std::vector<float> floats;
  const int64_t side = std::max(s.image_size, s.local_size);
  floats.resize(static_cast<size_t>(side * side * 3));
  std::array<ViewParams, 2 + AugmentSettings::kMostLocalViews> views;
  const auto count = static_cast<size_t>(s.views());
  const auto draw = [&](image::Size size) {
    image::Box needed;
    for (size_t view = 0; view < count; ++view) {
      views[view] = sample_view(s, 1, epoch, index, static_cast<uint8_t>(view), size.width, size.height);
      needed = view == 0 ? views[0].crop : image::around(needed, views[view].crop);
    }
    return needed;
  };
  const auto lap = [&](size_t stage) {
    if (watch) watch->lap(stage);
  };
  if (watch) {
    watch->begin();
    source.load(index, whole);
    watch->lap(kWholeDecode);
  }
  source.load_region(index, draw, region);
  lap(kDecode);
  draw(region.whole);
  lap(kParameters);
  const auto step_done = [&](ViewStep step) { watch->lap(kFirstStep + static_cast<size_t>(step)); };
  for (size_t view = 0; view < count; ++view) {
    auto& params = views[view];
    params.crop.left -= region.box.left;
    params.crop.top -= region.box.top;
    if (watch) {
      render_view(region.image, params, s, planes, step_done);
    } else {
      render_view(region.image, params, s, planes);
    }
    table.write(planes, PixelFormat::kFloat32, floats.data());
    lap(kNormalise);
  }
}

double loader_rate(const Source& source, const AugmentSettings& settings, int64_t workers, double seconds,
                   const Context& context) {
  LoaderOptions options;
  options.augment = settings;
  options.batch_size = std::min<int64_t>(64, static_cast<int64_t>(source.size()));
  options.workers = workers;
  options.end_epoch = UINT32_MAX;
  Loader loader(source, options);
  Batch batch;
  using Clock = std::chrono::steady_clock;
  constexpr int kFirst = 3;  // batches that were begun before the clock
  for (int i = 0; i < kFirst; ++i) loader.next(batch);
  const auto begin = Clock::now();
  int64_t count = 0;
  double elapsed = 0;
  do {
    if (context.stop_requested()) throw Interrupted("stopped while measuring");
    loader.next(batch);
    count += batch.count;
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (elapsed < seconds);
  return static_cast<double>(count) / elapsed;
}

}  // namespace

double PipelineTimes::total() const {
  double sum = 0;
  for (const auto& [name, time] : stages) sum += time;
  return sum;
}

PipelineTimes measure_pipeline(const Source& source, const AugmentSettings& settings, int64_t images, double seconds,
                               int64_t workers, const Context& context) {
  const uint64_t count = std::min(static_cast<uint64_t>(images), source.size());
  const Subset sample(source, spread_places(count, source.size()));
  const NormalizeTable table(settings.normalization());
  // Rounds over the sample for a share of the time, and how many there were.
  uint32_t epoch = 0;
  const auto rounds = [&](double share, Stopwatch* watch) {
    const double begin = thread_microseconds();
    uint32_t done = 0;
    do {
      ++epoch, ++done;
      for (uint64_t i = 0; i < count; ++i) {
        if (context.stop_requested()) throw Interrupted("stopped while measuring");
        make_views(sample, settings, table, i, epoch, watch);
      }
      context.progress({"stages", epoch, 0, "rounds", epoch, ""});
    } while (thread_microseconds() - begin < 1e6 * share * seconds);
    return 1 / (static_cast<double>(done) * static_cast<double>(count));
  };
  rounds(0, nullptr);  // from here on files are in the page cache
  Stopwatch watch;
  PipelineTimes times;
  times.images = static_cast<int64_t>(count);
  const double scale = rounds(0.3, &watch);
  for (size_t k = 0; k < kNames.size(); ++k) times.stages.emplace_back(kNames[k], watch.sum(k) * scale);
  times.whole_decode = watch.sum(kWholeDecode) * scale;
  const double begin = thread_microseconds();
  const double share = rounds(0.3, nullptr);
  times.all = (thread_microseconds() - begin) * share;
  std::vector<int64_t> numbers;
  for (int64_t n = 1; n < workers; n *= 2) numbers.push_back(n);
  numbers.push_back(workers);
  for (const int64_t n : numbers) {
    times.loader.emplace_back(
        n, loader_rate(sample, settings, n, 0.4 * seconds / static_cast<double>(numbers.size()), context));
  }
  return times;
}

}  // namespace directclr::data
