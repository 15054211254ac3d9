#include "directclr/publish/export.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/safetensors.h"
#include "directclr/publish/model_card.h"
#include "directclr/publish/network_onnx.h"
#include "directclr/publish/timm_folder.h"

namespace directclr::publish {
namespace {

namespace fs = std::filesystem;

void as_safetensors(const RunWeights& weights, bool projector, const std::string&, const fs::path& out) {
  if (projector && weights.projector.arrays.empty()) {
    throw InputError("--projector", "the run's projector '" + weights.settings.projector.projector + "' has no weights",
                     "without --projector the encoder's are written");
  }
  // "pt": what other readers expect of PyTorch weights.
  io::write_safetensors(out, {(projector ? weights.projector : weights.encoder).arrays, {{"format", "pt"}}});
}

void as_onnx(const RunWeights& weights, bool projector, const std::string&, const fs::path& out) {
  write_onnx(weights, projector, out);
}

void as_timm(const RunWeights& weights, bool projector, const std::string& card, const fs::path& out) {
  if (projector) throw InputError("--projector", "timm's models have none", "--format onnx takes both");
  write_timm_folder(weights, card, out);
}

std::string safetensors_usage(const std::string& name, bool projector) {
  return "weights = safetensors.torch.load_file(" + name + ")\n" +
         (projector
              ? "projector.load_state_dict(weights)  # a module that is the projector\n"
              : "encoder.load_state_dict(weights)  # a ResNet as above, its parameters named as torchvision's are\n");
}

std::string onnx_usage(const std::string& name, bool projector) {
  const std::string outputs = projector ? "representation, embedding = session.run([\"representation\", \"embedding\"]"
                                        : "representation, = session.run([\"representation\"]";
  return "session = onnxruntime.InferenceSession(" + name + ")\n" + outputs + ", {\"images\": images})\n";
}

std::string timm_usage(const std::string& name, bool) {
  const std::string folder = "\"local-dir:" + name.substr(1);
  return "model = timm.create_model(" + folder +
         ", pretrained=True).eval()\ntransform = "
         "timm.data.create_transform(**timm.data.resolve_model_data_config(model))"
         "\nrepresentation = model(transform(picture)[None])\n";
}

fs::path whole(const fs::path& path) {
  const fs::path absolute = fs::weakly_canonical(fs::absolute(path));
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

bool lies_within(const fs::path& path, const fs::path& folder) {
  const fs::path whole_path = whole(path), whole_folder = whole(folder);
  return std::mismatch(whole_folder.begin(), whole_folder.end(), whole_path.begin(), whole_path.end()).first ==
         whole_folder.end();
}

void check_free(const char* option, const fs::path& path, bool overwrite) {
  const bool free = !fs::exists(path) || (fs::is_directory(path) && fs::is_empty(path));
  if (!overwrite && !free) {
    throw InputError(option, "'" + path.string() + "' is there already", "--overwrite replaces it");
  }
}

void check_foreign(const char* option, const fs::path& path, const settings::RunDirectory& run) {
  if (!run.owns(path)) return;
  throw InputError(option, "'" + path.string() + "' is a file of the run itself", "take another name");
}

void make_folder_of(const fs::path& path) {
  if (const fs::path folder = whole(path).parent_path(); !fs::exists(folder)) make_directories(folder);
}

}  // namespace

void ExportSettings::describe(FieldList& f) {
  f.section("export");
  f.add("format", format, export_formats().help(), export_formats().names());
  f.add("projector", projector, "safetensors: the projector's weights instead; onnx: the projector too");
  f.add("best", best, "take the best state, which train --keep-best kept, instead of the last");
  f.add("overwrite", overwrite, "replace what --out and --card name where it is there already");
}

const Table<ExportFormat>& export_formats() {
  static const Table<ExportFormat> table{
      "--format",
      {
          {"safetensors", "the weights, with torchvision's names", ".safetensors", safetensors_usage, as_safetensors},
          {"onnx", "the network with its weights, for any number of images of any size", ".onnx", onnx_usage, as_onnx},
          {"timm", "a folder for timm.create_model(\"local-dir:FOLDER\"), with a model card", "", timm_usage, as_timm},
      },
  };
  return table;
}

void export_run(const fs::path& path, const ExportSettings& settings, const fs::path& out, const fs::path& card) {
  const auto& format = export_formats().at(settings.format);
  if (!format.suffix.empty() && out.extension() != format.suffix) {
    std::string hint;
    for (const auto& other : export_formats()) {
      if (!other.suffix.empty() && out.extension() == other.suffix) hint = "--format " + other.name + "?";
    }
    throw InputError("--out", "'" + out.string() + "' does not end in " + format.suffix, hint);
  }
  if (!card.empty() && lies_within(card, out)) {
    throw InputError("--card",
                     "'" + card.string() + (format.suffix.empty() ? "' lies in" : "' is") + " what --out names",
                     format.suffix.empty() ? "the folder has its card, README.md" : "take another file");
  }
  const auto run = settings::RunDirectory::open(path);
  const RunWeights weights = read_run_weights(run, settings.best);
  check_foreign("--out", out, run);
  check_free("--out", out, settings.overwrite);
  if (!card.empty()) {
    check_foreign("--card", card, run);
    check_free("--card", card, settings.overwrite);
  }
  const std::string usage = format.usage(in_quotes(whole(out).filename().string()), settings.projector);
  const std::string text = model_card(report::read_results(path), weights, settings.best, usage);
  make_folder_of(out);
  if (!card.empty()) make_folder_of(card);
  format.write(weights, settings.projector, text, out);
  if (!card.empty()) write_file(card, text);
}

}  // namespace directclr::publish
