#include "directclr/experiment/collect.h"

#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json_file.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/run_results.h"
#include "directclr/settings/run_directory.h"

namespace directclr::experiment {
namespace {

namespace fs = std::filesystem;

double number_in(const fs::path& path, const char* key) {
  return read_json_file(path, [&](const Json& object) { return object.at(key).get<double>(); });
}

std::map<std::string, std::string> texts_of(const FieldList& fields, const std::string& left_out) {
  std::map<std::string, std::string> texts;
  for (const auto& field : fields.fields()) {
    if (field.section != left_out) texts[field.name] = field.text();
  }
  return texts;
}

void fill(RunRecord& record, const fs::path& directory, const PlannedRun& planned, report::RunResults results) {
  if (!results.probe || !results.knn) {
    throw InputError(directory.string(), "has no accuracies: its data have no labels");
  }
  record.top1 = results.probe->top1;
  record.knn = results.knn->top1;
  record.spectra = std::move(results.spectra);
  record.train_seconds = results.seconds;
  record.evaluation_seconds = number_in(settings::RunDirectory(directory).evaluation(), "seconds");
  std::string dims = planned.evaluation.probe.dims;
  if (dims.empty()) return;
  std::string file = "probe-dims-" + dims + ".json";
  file.replace(file.find(':'), 1, "-");
  record.columns_top1[dims] = number_in(directory / file, "top1");
}

}  // namespace

bool is_trained(const fs::path& directory) { return settings::RunDirectory(directory).finished(); }

bool is_evaluated(const fs::path& directory, const settings::EvaluationSettings& settings) {
  const fs::path file = settings::RunDirectory(directory).evaluation();
  if (!fs::exists(file)) return false;
  const Json object = Json::try_parse(read_file(file)).value_or(Json());
  if (!object.contains("settings")) return false;  // made again
  settings::EvaluationSettings copy = settings;
  const FieldList fields = fields_of(copy);
  for (const auto& field : fields.fields()) {
    const Json* const then = object["settings"].find(field.name);
    if (!then || *then != Json(field.text())) return false;
  }
  return true;
}

Results collect(const RunPlan& plan, const fs::path& runs_folder, const std::map<std::string, std::string>& problems,
                const std::string& command_line) {
  Results results;
  results.scale = plan.scale.name;
  results.data = plan.scale.train.data;
  results.images = plan.images_of(plan.scale.train);
  results.widths = plan.widths;
  results.made_by = command_line;
  results.version = kVersion;
  settings::TrainSettings common = plan.scale.train;
  results.settings = texts_of(fields_of(common), "run");
  for (const auto& name : plan.scale.varied) results.settings.erase(name);
  for (const char* name : {"seed", "data"}) results.settings.erase(name);
  settings::EvaluationSettings evaluation = plan.scale.evaluation;
  results.evaluation = texts_of(fields_of(evaluation), "");
  results.evaluation.erase("dims");
  for (const auto& variant : plan.variants) {
    results.variants.push_back({variant.name, variant.label, {variant.settings.begin(), variant.settings.end()}});
  }
  for (const auto& planned : plan.runs) {
    RunRecord record;
    record.variant = planned.variant;
    record.seed = planned.seed;
    record.id = planned.id;
    const fs::path directory = runs_folder / planned.id;
    const auto problem = problems.find(planned.id);
    if (problem != problems.end()) {
      record.problem = problem->second;
    } else if (!is_trained(directory) || !is_evaluated(directory, planned.evaluation)) {
      record.problem = kNotRun;
    } else {
      try {
        report::RunResults files = report::read_results(directory);
        const auto environment = files.environment;
        fill(record, directory, planned, std::move(files));
        for (const char* name : {"processor", "device", "precision", "threads", "libtorch"}) {
          const auto found = environment.find(name);
          if (found != environment.end()) results.machine[name] = found->second;
        }
        const auto representation = record.spectra.find("representation");
        if (representation != record.spectra.end()) results.test_images = representation->second.samples;
      } catch (const InputError& error) {
        record.problem = error.what();
      }
    }
    results.runs.push_back(std::move(record));
  }
  return results;
}

}  // namespace directclr::experiment
