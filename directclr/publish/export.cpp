#include "directclr/publish/export.h"

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/safetensors.h"
#include "directclr/publish/model_card.h"
#include "directclr/publish/network_onnx.h"
#include "directclr/publish/timm_folder.h"

namespace directclr::publish {
namespace {

namespace fs = std::filesystem;

void as_safetensors(const RunWeights& weights, bool projector, const std::string&, const fs::path& out) {
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

}  // namespace

void ExportSettings::describe(FieldList& f) {
  f.section("export");
  f.add("format", format, export_formats().help(), export_formats().names());
  f.add("projector", projector, "safetensors: the projector's weights instead; onnx: the projector too");
  f.add("best", best, "take the best state, which train --keep-best kept, instead of the last");
}

const Table<ExportFormat>& export_formats() {
  static const Table<ExportFormat> table{
      "--format",
      {
          {"safetensors", "the weights, with torchvision's names", ".safetensors",
           "weights = safetensors.torch.load_file(\"FILE.safetensors\")\nmodel.load_state_dict(weights)\n",
           as_safetensors},
          {"onnx", "the network with its weights, for any number of images of any size", ".onnx",
           "session = onnxruntime.InferenceSession(\"FILE.onnx\")\n"
           "representation, = session.run([\"representation\"], {\"images\": images})\n",
           as_onnx},
          {"timm", "a folder for timm.create_model(\"local-dir:FOLDER\"), with a model card", "",
           "model = timm.create_model(\"local-dir:FOLDER\", pretrained=True).eval()\nrepresentation = model(images)\n",
           as_timm},
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
  const auto run = settings::RunDirectory::open(path);
  const RunWeights weights = read_run_weights(run, settings.best);
  const std::string text = model_card(report::read_results(path), weights, settings.best, format.usage);
  format.write(weights, settings.projector, text, out);
  if (!card.empty()) write_file(card, text);
}

}  // namespace directclr::publish
