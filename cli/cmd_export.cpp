#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "directclr/core/json.h"
#include "directclr/publish/export.h"

namespace directclr::cli {
namespace {

struct ExportRequest {
  std::filesystem::path run, out, card;
  publish::ExportSettings settings;
  SettingOptions options;
};

}  // namespace

void add_export(CLI::App& app, Program& program) {
  auto request = std::make_shared<ExportRequest>();
  auto* command = app.add_subcommand("export", "write the trained network for other programs: safetensors, ONNX, timm");
  command->add_option("run", request->run, "run directory of a finished training; with --best it need not be finished")
      ->required();
  command->add_option("--out", request->out, "FILE.safetensors or FILE.onnx to write, or for timm the folder")
      ->required();
  command->add_option("--card", request->card, "FILE.md: also write a model card (data, settings, accuracy, spectrum)");
  request->options.add_to(*command, fields_of(request->settings));
  add_example(*command, "directclr export runs/direct --format onnx --out encoder.onnx");
  command->callback([&program, request] {
    program.action = [request](Console& console) {
      FieldList fields = fields_of(request->settings);
      request->options.apply(fields, "");
      publish::export_run(request->run, request->settings, request->out, request->card);
      const Json object = {{"file", request->out.string()}, {"format", request->settings.format}};
      console.result("wrote " + request->out.string(), object.dump());
    };
  });
}

}  // namespace directclr::cli
