#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/pack.h"

namespace directclr::cli {

void add_pack(CLI::App& app, Program& program) {
  struct State {
    std::string source;
    std::filesystem::path out;
    SettingOptions options;
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
  add_example(*command,
              "directclr pack folder:photos --out packed\n  directclr train --data shards:packed --out runs/packed");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      data::PackSettings settings;
      FieldList fields = fields_of(settings);
      state->options.apply(fields, "");
      Json object = {{"folder", state->out.string()}};
      std::string text;
      const auto carry_out = [&](data::Split split, const std::string& name) {
        const auto source = data::open_source(state->source, split);
        const auto result = data::pack(*source, settings, state->out / name, console.context());
        object[name] = {{"images", result.images}, {"shards", result.shards}, {"bytes", result.bytes}};
        text += format("wrote %llu images in %llu shards, %.1f MiB, to %s\n",
                       static_cast<unsigned long long>(result.images), static_cast<unsigned long long>(result.shards),
                       static_cast<double>(result.bytes) / (1 << 20), (state->out / name).c_str());
      };
      carry_out(data::Split::kTrain, "train");
      if (data::has_test_split(state->source)) carry_out(data::Split::kTest, "val");
      text.pop_back();
      console.result(text, object.dump());
    };
  });
}

}  // namespace directclr::cli
