#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/contact_sheet.h"
#include "directclr/data/dump.h"
#include "directclr/data/source.h"
#include "directclr/image/encode.h"

namespace directclr::cli {
namespace {

Json describe(const data::Source& source) {
  image::Image first;
  source.load(0, first);
  std::map<int64_t, uint64_t> counts;
  for (const int64_t label : source.labels()) ++counts[label];
  Json result = {{"images", source.size()},
                 {"first_width", first.width},
                 {"first_height", first.height},
                 {"classes", source.class_names().size()}};
  if (source.labelled()) {
    uint64_t least = source.size();
    uint64_t most = 0;
    for (const auto& [label, count] : counts) {
      least = std::min(least, count);
      most = std::max(most, count);
    }
    result["smallest_class"] = least;
    result["largest_class"] = most;
    result["class_names"] = source.class_names();
  }
  result["fingerprint"] = format("%016llx", static_cast<unsigned long long>(source.fingerprint()));
  return result;
}

std::string text_of(const char* part, const Json& d) {
  std::string text = format("%-6s %s images, first %s x %s", part, d["images"].dump().c_str(),
                            d["first_width"].dump().c_str(), d["first_height"].dump().c_str());
  if (!d.contains("class_names")) return text + ", no labels\n";
  const auto names = d["class_names"].get<std::vector<std::string>>();
  text += format(", %zu classes of %s to %s images: ", names.size(), d["smallest_class"].dump().c_str(),
                 d["largest_class"].dump().c_str());
  const size_t shown = std::min<size_t>(names.size(), 10);
  text += join({names.begin(), names.begin() + static_cast<ptrdiff_t>(shown)});
  return text + (shown < names.size() ? ", ...\n" : "\n");
}

void add_info(CLI::App& data, Program& program) {
  auto source = std::make_shared<std::string>();
  auto* command = data.add_subcommand("info", "say what a data set holds");
  command->add_option("source", *source, data::source_forms())->required();
  add_example(*command, "directclr data info fashion-mnist");
  command->callback([&program, source] {
    program.action = [source](Console& console) {
      Json result = {{"source", *source}};
      result["train"] = describe(*data::open_source(*source, data::Split::kTrain));
      std::string text = text_of("train", result["train"]);
      if (data::has_test_split(*source)) {
        result["test"] = describe(*data::open_source(*source, data::Split::kTest));
        text += text_of("test", result["test"]);
      } else {
        text += "test   none (accuracy needs class folders under val/ or test/)\n";
      }
      console.result(text, result.dump());
    };
  });
}

void add_views(CLI::App& data, Program& program) {
  struct State {
    std::string source;
    std::string out = "views.png";
    int64_t seed = 0;
    SettingOptions options;
  };
  auto state = std::make_shared<State>();
  auto* command =
      data.add_subcommand("views", "draw a contact sheet: samples, each as original, view a, view b, local views");
  command->add_option("source", state->source, "data set, as for directclr train --data")->required();
  command->add_option("--out", state->out, "PNG file to write")->default_str("views.png");
  command->add_option("--seed", state->seed, "seed of the views")->default_str("0");
  data::AugmentSettings defaults;
  state->options.add_to(*command, fields_of(defaults));
  add_example(*command, "directclr data views folder:photos --out views.png");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const data::AugmentSettings settings = augment_settings(state->options, state->source);
      const auto source = data::open_source(state->source, data::Split::kTrain);
      const auto sheet = data::contact_sheet(*source, settings, static_cast<uint64_t>(state->seed), 6, 3);
      write_file(state->out, image::encode_png(sheet));
      const Json result = {{"file", state->out}, {"width", sheet.width}, {"height", sheet.height}};
      console.result("wrote " + state->out, result.dump());
    };
  });
}

void add_dump(CLI::App& data, Program& program) {
  struct State {
    std::string source;
    std::filesystem::path out;
    int64_t seed = 0;
    uint64_t count = 100;
    SettingOptions options;
  };
  auto state = std::make_shared<State>();
  auto* command = data.add_subcommand(
      "dump", "write views as bytes (.npy) with all that was drawn for them: tools/replay_in_pillow.py repeats them");
  command->add_option("source", state->source, "data set, as for directclr train --data")->required();
  command->add_option("-n", state->count, "images, spread over the data")
      ->check(CLI::Range(1, 1 << 24))
      ->default_str("100");
  command->add_option("--out", state->out, "folder for views.npy and views.jsonl")->required();
  command->add_option("--seed", state->seed, "seed of the views")->default_str("0");
  data::AugmentSettings defaults;
  state->options.add_to(*command, fields_of(defaults));
  add_example(*command, "directclr data dump folder:photos -n 200 --out dump");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const data::AugmentSettings settings = augment_settings(state->options, state->source);
      const bool files = data::SourceSpec::parse(state->source).kind == "folder";
      const auto source = data::open_source(state->source, data::Split::kTrain);
      data::dump_views(*source, settings, static_cast<uint64_t>(state->seed), state->count, files, state->out,
                       console.context());
      const Json result = {{"folder", state->out.string()}, {"images", std::min(state->count, source->size())}};
      console.result("wrote " + (state->out / "views.npy").string() + " and views.jsonl", result.dump());
    };
  });
}

}  // namespace

void add_data(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("data", "look at a data set and at its augmented views");
  command->require_subcommand(1);
  add_example(*command, "directclr data info fashion-mnist\n  directclr data views folder:photos --out views.png");
  add_info(*command, program);
  add_views(*command, program);
  add_dump(*command, program);
}

}  // namespace directclr::cli
