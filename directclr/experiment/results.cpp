#include "directclr/experiment/results.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/metrics.h"

namespace directclr::experiment {
namespace {

constexpr int kResultsVersion = 1;

// Six significant digits: what a picture or a count needs, in a file that stays small.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) ? std::round(value * scale) / scale : value;
}

Json to_json(const report::SpectrumResult& s) {
  Json values = Json::array();
  for (const double v : s.values) values.push_back(rounded(v));
  return {{"samples", s.samples},
          {"l2_normalized", s.l2_normalized},
          {"split", s.split},
          {"rounding_floor", rounded(s.floor)},
          {"values", values}};
}

report::SpectrumResult spectrum_from(const Json& object) {
  report::SpectrumResult s;
  s.values = object.at("values").get<std::vector<double>>();
  s.samples = object.at("samples").get<int64_t>();
  s.l2_normalized = object.at("l2_normalized").get<bool>();
  s.split = object.at("split").get<std::string>();
  s.floor = object.value("rounding_floor", 0.0);
  std::vector<double> sigma;
  for (const double v : s.values) sigma.push_back(std::sqrt(v));
  s.effective_rank_sigma = spectrum::effective_rank(sigma);
  s.effective_rank_lambda = spectrum::effective_rank(s.values);
  s.below_1e_4 = spectrum::count_below(s.values, 1e-4);
  return s;
}

Json to_json(const RunRecord& run) {
  Json object = {{"variant", run.variant}, {"seed", run.seed}, {"id", run.id}};
  if (!run.good()) {
    object["problem"] = run.problem;
    return object;
  }
  object["top1"] = run.top1;
  object["knn"] = run.knn;
  object["columns_top1"] = run.columns_top1;
  object["train_seconds"] = rounded(run.train_seconds);
  object["evaluation_seconds"] = rounded(run.evaluation_seconds);
  object["spectra"] = Json::object();
  for (const auto& [layer, s] : run.spectra) object["spectra"][layer] = to_json(s);
  return object;
}

RunRecord run_from(const Json& object) {
  RunRecord run;
  run.variant = object.at("variant").get<std::string>();
  run.seed = object.at("seed").get<int64_t>();
  run.id = object.at("id").get<std::string>();
  run.problem = object.value("problem", "");
  if (!run.good()) return run;
  run.top1 = object.at("top1").get<double>();
  run.knn = object.at("knn").get<double>();
  run.columns_top1 = object.at("columns_top1").get<std::map<std::string, double>>();
  run.train_seconds = object.at("train_seconds").get<double>();
  run.evaluation_seconds = object.at("evaluation_seconds").get<double>();
  for (const auto& [layer, s] : object.at("spectra").items()) run.spectra[layer] = spectrum_from(s);
  return run;
}

}  // namespace

std::string value_of(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? "?" : found->second;
}

std::vector<const RunRecord*> Results::of(const std::string& variant) const {
  std::vector<const RunRecord*> found;
  for (const auto& run : runs) {
    if (run.variant == variant) found.push_back(&run);
  }
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->seed < b->seed; });
  return found;
}

std::string Results::protocol() const {
  const auto setting = [&](const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string("(by variant)") : found->second;
  };
  // A number, or that it is not the same in all.
  const auto epochs = [](const std::string& count) { return count + " " + plural(count == "1" ? 1 : 2, "epoch"); };
  std::string text = format(
      "%s, %lld training images, %s px; %s, %s stem, D = %lld; %s, batch %s, %s, learning "
      "rate %s, weight decay %s; %s, tau %s.",
      data.c_str(), static_cast<long long>(images), setting("image_size").c_str(), setting("arch").c_str(),
      setting("stem").c_str(), static_cast<long long>(widths.representation), epochs(setting("epochs")).c_str(),
      setting("batch_size").c_str(), setting("optimizer").c_str(), setting("lr").c_str(),
      setting("weight_decay").c_str(), setting("loss").c_str(), setting("tau").c_str());
  const auto how = [&](const char* name) { return value_of(evaluation, name); };
  text += how("cached") == "true"
              ? " Probe: L-BFGS on cached features of r, standardised, L2 strength from held-out images"
              : " Probe: SGD on random crops, " + epochs(how("probe_epochs")) + ", learning rate " + how("probe_lr");
  if (how("feature_limit") != "0") text += ", at most " + how("feature_limit") + " images of each part";
  text += format(
      "; %lld test images. k-NN: cosine, k %s, temperature %s. Spectra: covariance of the test images' "
      "features, centred, rows not normalised; effective rank in the lambda form; dead: eigenvalue below "
      "1/10,000 of the largest.",
      static_cast<long long>(test_images), how("k").c_str(), how("knn_temperature").c_str());
  return text;
}

void Results::add(const Results& other) {
  const auto must_agree = [](const std::string& what, const std::string& own, const std::string& others) {
    if (own == others) return;
    throw InputError("results made with different settings",
                     what + " is " + own + " in one and " + others + " in another");
  };
  const auto all_must_agree = [&](const std::map<std::string, std::string>& own,
                                  const std::map<std::string, std::string>& others) {
    for (const auto& [name, text] : own) must_agree(name, text, value_of(others, name));
    for (const auto& [name, text] : others) must_agree(name, value_of(own, name), text);
  };
  must_agree("scale", scale, other.scale);
  must_agree("training images", std::to_string(images), std::to_string(other.images));
  must_agree("test images", std::to_string(test_images), std::to_string(other.test_images));
  must_agree("D", std::to_string(widths.representation), std::to_string(other.widths.representation));
  must_agree("d0", std::to_string(widths.d0), std::to_string(other.widths.d0));
  all_must_agree(settings, other.settings);
  all_must_agree(evaluation, other.evaluation);
  for (const auto& variant : other.variants) {
    const auto own =
        std::find_if(variants.begin(), variants.end(), [&](const auto& mine) { return mine.name == variant.name; });
    if (own == variants.end()) {
      variants.push_back(variant);
    } else {
      for (const auto& [name, text] : own->settings) {
        must_agree(variant.name + "'s " + name, text, value_of(variant.settings, name));
      }
    }
  }
  for (const auto& run : other.runs) {
    const auto own = std::find_if(runs.begin(), runs.end(), [&](const RunRecord& mine) {
      return mine.variant == run.variant && mine.seed == run.seed;
    });
    if (own == runs.end()) {
      runs.push_back(run);
    } else if (!own->good()) {
      *own = run;
    } else if (run.good()) {
      throw InputError(run.variant + " with seed " + std::to_string(run.seed), "has a result in two files");
    }
  }
  const auto join_to = [](std::string& own, const std::string& others) {
    if (("; " + own + "; ").find("; " + others + "; ") != std::string::npos) return;  // said already
    own += (own.empty() ? "" : "; ") + others;
  };
  join_to(made_by, other.made_by);
  for (const auto& [name, text] : other.machine) join_to(machine[name], text);
}

std::string Results::to_json() const {
  Json object = {{"version", kResultsVersion},
                 {"scale", scale},
                 {"data", data},
                 {"images", images},
                 {"test_images", test_images},
                 {"representation", widths.representation},
                 {"d0", widths.d0},
                 {"sweep", widths.sweep},
                 {"made_by", made_by},
                 {"directclr", version},
                 {"machine", machine},
                 {"settings", settings},
                 {"evaluation", evaluation},
                 {"variants", Json::array()},
                 {"runs", Json::array()}};
  for (const auto& variant : variants) {
    object["variants"].push_back({{"name", variant.name}, {"label", variant.label}, {"settings", variant.settings}});
  }
  if (variants.empty()) object.erase("variants");
  std::string text = object.dump(1);
  // A run a line: small, and a difference between two files still shows where it is.
  std::string lines;
  for (const auto& run : runs) lines += (lines.empty() ? "\n  " : ",\n  ") + experiment::to_json(run).dump();
  text.replace(text.rfind("[]"), 2, "[" + lines + "\n ]");
  return text + "\n";
}

Results Results::read(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  try {
    const auto object = Json::parse(text);
    if (object.at("version").get<int>() != kResultsVersion) {
      throw InputError(path.string(), "was written by another version of directclr");
    }
    Results results;
    results.scale = object.at("scale").get<std::string>();
    results.data = object.at("data").get<std::string>();
    results.images = object.at("images").get<int64_t>();
    results.test_images = object.at("test_images").get<int64_t>();
    results.widths.representation = object.at("representation").get<int64_t>();
    results.widths.d0 = object.at("d0").get<int64_t>();
    results.widths.sweep = object.at("sweep").get<std::vector<int64_t>>();
    results.made_by = object.at("made_by").get<std::string>();
    results.version = object.at("directclr").get<std::string>();
    results.machine = object.at("machine").get<std::map<std::string, std::string>>();
    results.settings = object.at("settings").get<std::map<std::string, std::string>>();
    results.evaluation = object.at("evaluation").get<std::map<std::string, std::string>>();
    if (const Json* variants = object.find("variants")) {
      for (const auto& variant : *variants) {
        results.variants.push_back({variant.at("name").get<std::string>(), variant.at("label").get<std::string>(),
                                    variant.at("settings").get<std::map<std::string, std::string>>()});
      }
    }
    for (const auto& run : object.at("runs")) results.runs.push_back(run_from(run));
    return results;
  } catch (const JsonError& error) {
    throw InputError(path.string(),
                     std::string("is no results.json of directclr reproduce or experiment: ") + error.what());
  }
}

}  // namespace directclr::experiment
