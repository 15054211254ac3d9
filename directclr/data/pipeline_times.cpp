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
using Sums = std::array<double, 10>;

// Adds the time of every stage of one image's views to the sums.
class Stopwatch {
 public:
  explicit Stopwatch(Sums& sums) : sums_(sums), last_(thread_microseconds()) {}
  void lap(size_t stage) {
    const double now = thread_microseconds();
    sums_[stage] += now - last_;
    last_ = thread_microseconds();
  }

 private:
  Sums& sums_;
  double last_;
};

void measure_image(const Source& source, const AugmentSettings& s, const NormalizeTable& table, uint64_t index,
                   uint32_t epoch, Sums& sums) {
  thread_local image::Region region;
  thread_local image::Image whole;
  thread_local image::Planes planes;
  thread_local std::vector<float> floats;
  const int64_t side = std::max(s.image_size, s.small_size);
  floats.resize(static_cast<size_t>(side * side * 3));
  std::array<ViewParams, 2 + AugmentSettings::kMostSmallViews> views;
  const auto count = static_cast<size_t>(s.views());
  const auto draw = [&](image::Size size) {
    image::Box needed;
    for (size_t view = 0; view < count; ++view) {
      views[view] = sample_view(s, 1, epoch, index, static_cast<uint8_t>(view), size.width, size.height);
      needed = view == 0 ? views[0].crop : image::around(needed, views[view].crop);
    }
    return needed;
  };
  Stopwatch watch(sums);
  source.load(index, whole);
  watch.lap(kWholeDecode);
  source.load_region(index, draw, region);
  watch.lap(kDecode);
  draw(region.whole);
  watch.lap(kParameters);
  for (size_t view = 0; view < count; ++view) {
    auto& params = views[view];
    params.crop.left -= region.box.left;
    params.crop.top -= region.box.top;
    render_view(region.image, params, s, planes,
                [&](ViewStep step) { watch.lap(kFirstStep + static_cast<size_t>(step)); });
    table.write(planes, PixelFormat::kFloat32, floats.data());
    watch.lap(kNormalise);
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

double PipelineTimes::per_core() const { return 1e6 / total(); }

PipelineTimes measure_pipeline(const Source& source, const AugmentSettings& settings, int64_t images, double seconds,
                               int64_t workers, const Context& context) {
  const uint64_t count = std::min(static_cast<uint64_t>(images), source.size());
  const Subset sample(source, spread_places(count, source.size()));
  const NormalizeTable table(settings.normalization());
  Sums sums{};
  const auto round = [&](uint32_t epoch) {
    for (uint64_t i = 0; i < count; ++i) {
      if (context.stop_requested()) throw Interrupted("stopped while measuring");
      measure_image(sample, settings, table, i, epoch, sums);
    }
  };
  round(0);
  sums = {};
  const double begin = thread_microseconds();
  uint32_t rounds = 0;
  do {
    round(++rounds);
    context.progress({"stages", rounds, 0, "rounds", rounds, ""});
  } while (thread_microseconds() - begin < 0.5e6 * seconds);

  PipelineTimes times;
  times.images = static_cast<int64_t>(count);
  const double scale = 1 / (static_cast<double>(rounds) * static_cast<double>(count));
  for (size_t k = 0; k < kNames.size(); ++k) times.stages.emplace_back(kNames[k], sums[k] * scale);
  times.whole_decode = sums[kWholeDecode] * scale;
  std::vector<int64_t> numbers;
  for (int64_t n = 1; n < workers; n *= 2) numbers.push_back(n);
  numbers.push_back(workers);
  for (const int64_t n : numbers) {
    times.loader.emplace_back(
        n, loader_rate(sample, settings, n, 0.5 * seconds / static_cast<double>(numbers.size()), context));
  }
  return times;
}

}  // namespace directclr::data
