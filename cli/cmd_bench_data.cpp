#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "cli/common_settings.h"
#include "cli/program.h"
#include "directclr/core/dispatch.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/pipeline_times.h"

namespace directclr::cli {

void add_bench_data(CLI::App& bench, Program& program) {
  struct State {
    std::string source;
    int64_t images = 500;
    int64_t workers = 0;
    double seconds = 10;
    SettingOptions options;
    ReadOptions reading;
  };
  auto state = std::make_shared<State>();
  auto* command = bench.add_subcommand(
      "data", "two augmented views: time of every stage, images a second and core, and how the loader scales");
  command->add_option("source", state->source, "data set, as for directclr train --data")->required();
  command->add_option("--images", state->images, "images to measure, spread over the data")
      ->check(CLI::Range(1, 1 << 30))
      ->default_str("500");
  command->add_option("--workers", state->workers, "most threads of the loader; 0: the cores")
      ->check(CLI::Range(0, 1024))
      ->default_str("0");
  command->add_option("--seconds", state->seconds, "time for all measurements")
      ->check(CLI::Range(0.1, 3600.0))
      ->default_str("10");
  data::AugmentSettings defaults;
  state->options.add_to(*command, fields_of(defaults), kCommonViewSettings);
  state->reading.add_to(*command);
  add_example(*command, "directclr bench data folder:photos --preset imagenet");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const data::AugmentSettings settings = augment_settings(state->options, state->source);
      const auto source = data::open_source(state->source, data::Split::kTrain, state->reading.open_options(console));
      const int64_t workers =
          state->workers > 0 ? state->workers : std::max<int64_t>(1, std::thread::hardware_concurrency());
      const auto times =
          data::measure_pipeline(*source, settings, state->images, state->seconds, workers, console.context());
      const std::string small = settings.local_views == 0
                                    ? ""
                                    : format(" and %lld of %lld px", static_cast<long long>(settings.local_views),
                                             static_cast<long long>(settings.local_size));
      std::string text = format(
          "%s, preset %s, two views of %lld px%s, %lld images, %d-byte vectors; microseconds of a core an image\n",
          state->source.c_str(), settings.preset.c_str(), static_cast<long long>(settings.image_size), small.c_str(),
          static_cast<long long>(times.images), vector_bytes(KernelNeeds::kBytes));
      Json stages;
      for (const auto& [name, time] : times.stages) {
        text += format("  %-16s %9.2f  %4.1f %%\n", name.c_str(), time, 100 * time / times.total());
        stages[name] = time;
      }
      text += format("  %-16s %9.2f  = %.0f images a second and core; decoding whole pictures alone %.2f\n", "all",
                     times.all, times.per_core(), times.whole_decode);
      Json loader;
      for (const auto& [count, rate] : times.loader) {
        text += format("  loader, %lld workers: %.0f images a second (%.2f times one)\n", static_cast<long long>(count),
                       rate, rate / times.loader.front().second);
        loader[std::to_string(count)] = rate;
      }
      const Json object = {{"source", state->source},
                           {"read", data::reading_json(*source)},
                           {"preset", settings.preset},
                           {"image_size", settings.image_size},
                           {"images", times.images},
                           {"vector_bytes", vector_bytes(KernelNeeds::kBytes)},
                           {"microseconds", stages},
                           {"whole_decode_microseconds", times.whole_decode},
                           {"images_per_second_and_core", times.per_core()},
                           {"loader_images_per_second", loader}};
      text.pop_back();
      console.result(text, object.dump());
    };
  });
}

}  // namespace directclr::cli
