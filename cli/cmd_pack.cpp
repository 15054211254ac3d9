#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/pack.h"
#include "directclr/data/relabelled.h"

namespace directclr::cli {

void add_pack(CLI::App& app, Program& program) {
  struct State {
    std::string source;
    std::filesystem::path out;
    SettingOptions options;
    ReadOptions reading;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand("pack",
                                     "write a data set as tar archives (WebDataset): few large files, for disks and "
                                     "networks that are slow with many small ones");
  command->add_option("source", state->source, "data set, as for directclr train --data")->required();
  command->add_option("--out", state->out, "folder; train/ and, where there are test images, val/ go into it")
      ->required();
  data::PackSettings defaults;
  state->options.add_to(*command, fields_of(defaults));
  state->reading.add_to(*command);
  add_example(*command,
              "directclr pack folder:photos --out packed\n  directclr train --data shards:packed --out runs/packed");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      data::PackSettings settings;
      FieldList fields = fields_of(settings);
      state->options.apply(fields, "");
      const data::OpenOptions open = state->reading.open_options(console);
      Json object = {{"folder", state->out.string()}};
      std::string text;
      const auto carry_out = [&](const data::Source& source, const std::string& name) {
        const auto result = data::pack(source, settings, state->out / name, console.context());
        object[name] = {{"images", result.images},
                        {"shards", result.shards},
                        {"bytes", result.bytes},
                        {"read", data::reading_json(source)}};
        text += format("wrote %llu images in %llu shards, %.1f MiB, to %s\n",
                       static_cast<unsigned long long>(result.images), static_cast<unsigned long long>(result.shards),
                       static_cast<double>(result.bytes) / (1 << 20), (state->out / name).c_str());
      };
      const auto train = data::open_source(state->source, data::Split::kTrain, open);
      std::unique_ptr<data::Source> test;  // what is wrong with it is said before anything is written
      if (data::has_test_split(state->source)) {
        test = data::with_classes_of(*train, data::open_source(state->source, data::Split::kTest, open), state->source,
                                     open.notice);
      }
      carry_out(*train, "train");
      if (test) carry_out(*test, "val");
      text.pop_back();
      console.result(text, object.dump());
    };
  });
}

}  // namespace directclr::cli
