#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "cli/common_settings.h"
#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/contact_sheet.h"
#include "directclr/data/data_kinds.h"
#include "directclr/data/dump.h"
#include "directclr/data/relabelled.h"
#include "directclr/data/source.h"
#include "directclr/data/survey.h"
#include "directclr/image/encode.h"

namespace directclr::cli {
namespace {

// A part of a data set: what was read, its classes, and what its files are.
Json describe(const data::Source& source, const data::Survey& survey) {
  std::map<int64_t, uint64_t> counts;
  for (const int64_t label : source.labels()) ++counts[label];
  counts.erase(-1);
  Json result = data::reading_json(source);
  try {
    image::Image first;
    source.load(0, first);
    result["first_width"] = first.width;
    result["first_height"] = first.height;
  } catch (const InputError&) {
    result["first_width"] = result["first_height"] = nullptr;  // the survey says what is wrong
  }
  if (!counts.empty()) {
    const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
    result["smallest_class"] = std::min_element(counts.begin(), counts.end(), by_count)->second;
    result["largest_class"] = std::max_element(counts.begin(), counts.end(), by_count)->second;
    result["classes_without_images"] = source.class_names().size() - counts.size();
    result["class_names"] = source.class_names();
  }
  result["looked_at"] = survey.looked_at;
  result["decoded"] = survey.decoded;
  result["formats"] = survey.formats;
  result["odd"] = survey.odd.json();
  result["unreadable"] = survey.unreadable;
  result["fingerprint"] = format("%016llx", static_cast<unsigned long long>(source.fingerprint()));
  return result;
}

// A line each, but for one alone, which the line of what is odd names.
std::string text_of_unreadable(const std::vector<std::string>& files) {
  constexpr size_t kMost = 20;
  if (files.size() < 2) return "";
  std::string text = format("\n       cannot be read, %zu of them:", files.size());
  for (size_t i = 0; i < std::min(files.size(), kMost); ++i) text += "\n         " + files[i];
  if (files.size() > kMost) text += format("\n         and %zu more, all with --json", files.size() - kMost);
  return text;
}

std::string text_of(const char* part, const data::Source& source, const data::Survey& survey, const Json& d) {
  const auto number = [&](const char* key) { return d[key].dump(); };
  std::string text = format("%-6s %s images, first ", part, number("images").c_str());
  text += d["first_width"].is_null() ? "cannot be read" : number("first_width") + " x " + number("first_height");
  if (d.contains("class_names")) {
    const auto& names = source.class_names();
    text += format(", %zu classes of %s to %s images: ", names.size(), number("smallest_class").c_str(),
                   number("largest_class").c_str());
    const size_t shown = std::min<size_t>(names.size(), 10);
    text +=
        join({names.begin(), names.begin() + static_cast<ptrdiff_t>(shown)}) + (shown < names.size() ? ", ..." : "");
    if (number("classes_without_images") != "0") {
      text += format("\n       %s of the classes have no images", number("classes_without_images").c_str());
    }
  } else {
    text += ", no labels";
  }
  if (survey.looked_at > 0) {
    std::vector<std::string> formats;
    for (const auto& [name, count] : survey.formats) formats.push_back(name + " " + std::to_string(count));
    text += "\n       pictures: " + (formats.empty() ? "none" : join(formats)) +
            format(" (%llu looked at%s)", static_cast<unsigned long long>(survey.looked_at),
                   survey.decoded ? " and decoded" : ", --check decodes them");
  }
  if (const std::string left_out = source.reading().text(); !left_out.empty()) text += "\n       left out: " + left_out;
  if (const std::string odd = survey.odd.text(); !odd.empty()) text += "\n       odd: " + odd;
  return text + text_of_unreadable(survey.unreadable) + "\n";
}

void add_info(CLI::App& data, Program& program) {
  struct State {
    std::string source;
    bool check = false;
    ReadOptions reading;
  };
  auto state = std::make_shared<State>();
  auto* command = data.add_subcommand("info",
                                      "say what a data set holds and what is odd about it, by the headers of up to "
                                      "10,000 images; with --check by decoding all");
  command->add_option("source", state->source, data::source_forms())->required();
  command->add_flag("--check", state->check, "decode every image and say which cannot be read");
  state->reading.add_to(*command);
  add_example(*command, "directclr data info fashion-mnist");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const uint64_t most = state->check ? UINT64_MAX : 10'000;
      data::OpenOptions open = state->reading.open_options(console);
      const NoticeSink say = std::exchange(open.notice, [](const std::string&) {});  // the result says what was read
      Json result = {{"source", state->source}};
      std::string text;
      const auto add = [&](const char* part, const data::Source& source) {
        const auto survey = data::survey(source, most, state->check, console.context());
        result[part] = describe(source, survey);
        text += text_of(part, source, survey, result[part]);
      };
      const auto train = data::open_source(state->source, data::Split::kTrain, open);
      add("train", *train);
      if (data::has_test_split(state->source)) {
        auto test = data::open_source(state->source, data::Split::kTest, open);
        add("test", *data::with_classes_of(*train, std::move(test), state->source, say));
      } else {
        text += "test   none (accuracy needs class folders under val/ or test/)\n";
      }
      text.pop_back();
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
    ReadOptions reading;
  };
  auto state = std::make_shared<State>();
  auto* command = data.add_subcommand("views",
                                      "draw a contact sheet: samples, each as original, view a, view b, local views; "
                                      "crossed out what cannot be decoded");
  command->add_option("source", state->source, "data set, as for directclr train --data")->required();
  command->add_option("--out", state->out, "PNG file to write")->default_str("views.png");
  command->add_option("--seed", state->seed, "seed of the views")->default_str("0");
  data::AugmentSettings defaults;
  state->options.add_to(*command, fields_of(defaults), kCommonViewSettings);
  state->reading.add_to(*command);
  add_example(*command, "directclr data views folder:photos --out views.png");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const data::AugmentSettings settings = augment_settings(state->options, state->source);
      const auto source = data::open_source(state->source, data::Split::kTrain, state->reading.open_options(console));
      std::vector<std::string> broken;
      const auto sheet = data::contact_sheet(*source, settings, static_cast<uint64_t>(state->seed), 6, 3,
                                             [&](const std::string& line) {
                                               broken.push_back(line);
                                               console.notice(line);
                                             });
      write_file(state->out, image::encode_png(sheet));
      const Json result = {{"file", state->out},
                           {"width", sheet.width},
                           {"height", sheet.height},
                           {"broken", broken},
                           {"read", data::reading_json(*source)}};
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
    ReadOptions reading;
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
  state->options.add_to(*command, fields_of(defaults), kCommonViewSettings);
  state->reading.add_to(*command);
  add_example(*command, "directclr data dump folder:photos -n 200 --out dump");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const data::AugmentSettings settings = augment_settings(state->options, state->source);
      const data::OpenOptions open = state->reading.open_options(console);
      // Turned pictures are no longer those of their files.
      const bool files =
          data::data_kinds().at(data::SourceSpec::parse(state->source).kind).own_files && !open.reading.upright;
      const auto source = data::open_source(state->source, data::Split::kTrain, open);
      make_directories(state->out);
      const FolderLock owner(state->out);
      data::dump_views(*source, settings, static_cast<uint64_t>(state->seed), state->count, files, state->out,
                       console.context());
      const Json result = {{"folder", state->out.string()},
                           {"images", std::min(state->count, source->size())},
                           {"read", data::reading_json(*source)}};
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
