// The augmentation of one image, two views, after its pixels are in memory.
#include <benchmark/benchmark.h>

#include "directclr/core/philox.h"
#include "directclr/data/views.h"
#include "directclr/image/blur.h"
#include "directclr/image/color.h"
#include "directclr/image/resize.h"

namespace {

using namespace directclr;

image::Image noise(int width, int height) {
  image::Image picture(width, height);
  RandomStream random(1, Purpose::kSplit);
  for (auto& value : picture.pixels) value = static_cast<uint8_t>(random.below(256));
  return picture;
}

void two_views(benchmark::State& state, const char* preset, int width, int height) {
  data::AugmentSettings settings;
  settings.apply_preset(preset);
  const image::Image picture = noise(width, height);
  const data::NormalizeTable table(settings.normalization());
  std::vector<float> out(static_cast<size_t>(settings.image_size * settings.image_size * 3));
  image::Planes planes;
  uint64_t sample = 0;
  for (auto _ : state) {
    for (uint8_t view = 0; view < 2; ++view) {
      data::render_view(picture, data::sample_view(settings, 1, 0, sample, view, width, height), settings, planes);
      table.write(planes, data::PixelFormat::kFloat32, out.data());
      benchmark::DoNotOptimize(out.data());
    }
    ++sample;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(two_views, cifar, "cifar", 32, 32);
BENCHMARK_CAPTURE(two_views, fashion, "fashion", 28, 28);
BENCHMARK_CAPTURE(two_views, imagenet, "imagenet", 500, 375)->Unit(benchmark::kMicrosecond);

template <class Operation>
void on_planes(benchmark::State& state, Operation operation) {
  image::Planes planes(224, 224);
  RandomStream random(1, Purpose::kSplit);
  for (auto& value : planes.pixels) value = static_cast<uint8_t>(random.below(256));
  for (auto _ : state) {
    operation(planes);
    benchmark::DoNotOptimize(planes.pixels.data());
  }
  state.SetItemsProcessed(state.iterations() * 224 * 224);
}
BENCHMARK_CAPTURE(on_planes, brightness, [](image::Planes& p) { image::adjust_brightness(p, 1.01F); });
BENCHMARK_CAPTURE(on_planes, contrast, [](image::Planes& p) { image::adjust_contrast(p, 1.01F); });
BENCHMARK_CAPTURE(on_planes, saturation, [](image::Planes& p) { image::adjust_saturation(p, 1.01F); });
BENCHMARK_CAPTURE(on_planes, hue, [](image::Planes& p) { image::adjust_hue(p, 0.05); });
BENCHMARK_CAPTURE(on_planes, grayscale, [](image::Planes& p) { image::to_grayscale(p); });
BENCHMARK_CAPTURE(on_planes, blur, [](image::Planes& p) { image::gaussian_blur(p, 1.3); });
BENCHMARK_CAPTURE(on_planes, solarize, [](image::Planes& p) { image::solarize(p); });

}  // namespace
