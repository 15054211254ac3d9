#include "cli/foreign_options.h"

#include <CLI/CLI.hpp>

#include "directclr/core/error.h"
#include "directclr/data/source.h"

namespace directclr::cli {
namespace {

FieldList foreign_fields(RunRequest& request, const std::function<void(FieldList&)>& more) {
  FieldList fields = fields_of(request.foreign);
  if (more) more(fields);
  return fields;
}

}  // namespace

void ForeignOptions::add_to(CLI::App& app, RunRequest& request, const std::function<void(FieldList&)>& more) {
  app.add_option("run", request.run,
                 "run directory of a finished training, or an encoder's weights with torchvision's names "
                 "(.safetensors, or of torch.save), which need --arch and --data")
      ->required();
  options_.add_to(app, foreign_fields(request, more), {"arch", "stem", "image_size"});
}

void ForeignOptions::apply(RunRequest& request, const std::function<void(FieldList&)>& more) const {
  FieldList fields = foreign_fields(request, more);
  options_.apply(fields, "");
  if (!std::filesystem::exists(request.run)) {
    throw InputError(request.run.string(), "there is no such run directory or file of weights");
  }
  if (!request.of_weights()) {
    if (!request.results.empty()) throw InputError("--out", "is for files of weights", "a run keeps its own results");
    for (const auto& field : fields.fields()) {
      if (options_.on_command_line(field.name)) {
        throw InputError(field.option(), "is for files of weights", "a run has its own settings");
      }
    }
    return;
  }
  if (request.data.empty()) {
    throw InputError("--data", "no data given", "weights alone do not say which images they were trained on");
  }
  if (!options_.on_command_line("arch")) throw InputError("--arch", "what kind of network are these weights of?");
  request.foreign.augment.complete(data::SourceSpec::parse(request.data), options_.given(""));
}

}  // namespace directclr::cli
