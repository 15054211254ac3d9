#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/publish/export.h"
#include "directclr/publish/model_card.h"
#include "directclr/publish/network_onnx.h"
#include "directclr/publish/timm_folder.h"
#include "directclr/settings/projectors.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::publish {
namespace {

using array::Array;
using array::DType;

// What the files are worth is asked of ONNX's own checker, its runtime and timm: tests/cli/exports.py.

TEST(OnnxGraph, WritesTheWireFormat) {
  const test::TemporaryFolder folder;
  io::OnnxGraph graph;
  graph.add_input("x", {"n", "2"});
  Array two = Array::empty({1}, DType::kInt64);
  two.mutable_data<int64_t>()[0] = 2;
  graph.add_constant("c", two);
  graph.add("Mul", {"x", "c"}, "y", {{"axis", int64_t{1}}});
  graph.write(folder / "f.onnx", "g", {});
  // As the onnx package of Python reads it: field number << 3 | kind, length, content.
  // clang-format off
  const char expected[] =
      "\x08\x08" "\x12\x09" "directclr" "\x1A\x05" "0.1.0"  // IR version, producer and its version
      "\x3A\x4C"                                            // the graph: its input,
      "\x5A\x14" "\x0A\x01x" "\x12\x0F" "\x0A\x0D" "\x08\x01" "\x12\x09" "\x0A\x03" "\x12\x01n" "\x0A\x02" "\x08\x02"
      "\x2A\x11" "\x08\x01" "\x10\x07" "\x42\x01" "c" "\x4A\x08" "\x02\0\0\0\0\0\0\0"  // a constant,
      "\x0A\x1E" "\x0A\x01x" "\x0A\x01" "c" "\x12\x01y" "\x1A\x01y" "\x22\x03Mul"      // an operation,
      "\x2A\x0B" "\x0A\x04" "axis" "\x18\x01" "\xA0\x01\x02"
      "\x12\x01g"                                           // its name
      "\x42\x02\x10\x11";                                   // operator set 17
  // clang-format on
  EXPECT_EQ(read_file(folder / "f.onnx"), std::string(expected, sizeof expected - 1));
}

TEST(OnnxGraph, TakesNoConstantsOfOtherTypes) {
  EXPECT_THROW(io::OnnxGraph().add_constant("c", Array::of({1}, {1})), std::invalid_argument);
}

TEST(ProjectorOnnx, KnowsEveryProjector) { EXPECT_EQ(projector_onnx().names(), settings::projectors().names()); }

TEST(NetworkOnnx, RefusesWeightsThatAreNotThoseOfTheSettings) {
  io::OnnxGraph graph;
  settings::EncoderSettings encoder{.arch = "basic:1,1,1,1:4", .stem = "cifar"};
  const io::ArrayFile none;
  NetworkOnnx empty(graph, none, "run 1");
  EXPECT_EQ(test::error_of([&] { add_encoder(empty, encoder, 32); }),
            "run 1: has no tensor 'conv1.weight' (weights of another architecture?)");
  io::ArrayFile other;
  other.add("conv1.weight", Array::zeros({4, 3, 7, 7}, DType::kFloat32));
  NetworkOnnx wrong(graph, other, "run 1");
  EXPECT_EQ(test::error_of([&] { add_encoder(wrong, encoder, 32); }),
            "run 1: tensor 'conv1.weight' has another shape: (4, 3, 7, 7), the settings say (4, 3, 3, 3)");
}

TEST(TimmFolder, NamesOnlyWhatTimmHas) {
  EXPECT_EQ(timm_architecture({.arch = "resnet101", .stem = "imagenet"}, 224), "resnet101");
  EXPECT_EQ(timm_architecture({.arch = "bottleneck:3,4,6,3:64", .stem = "auto"}, 224), "resnet50");
  EXPECT_EQ(
      test::error_of([] { timm_architecture({.arch = "resnet18", .stem = "auto"}, 32); }),
      "--format timm: timm has no ResNet with the stem 'cifar', theirs is --stem imagenet (--format onnx and --format "
      "safetensors take every encoder)");
  EXPECT_NE(test::error_of([] {
              timm_architecture({.arch = "basic:2,2,2,2:32", .stem = "imagenet"}, 224);
            }).find("timm has no ResNet 'basic:2,2,2,2:32'"),
            std::string::npos);
  for (const char* end : {"linear", "norm"}) {
    EXPECT_NE(test::error_of([&] {
                timm_architecture({.arch = "resnet18", .stem = "imagenet", .encoder_end = end}, 224);
              }).find(std::string("no ResNet that ends as --encoder-end ") + end),
              std::string::npos);
  }
}

TEST(TimmFolder, AppearsWholeAndReplacesOnlyItsOwnKind) {
  const test::TemporaryFolder folder;
  RunWeights weights;
  weights.settings.encoder = {.arch = "resnet18", .stem = "imagenet"};
  weights.run_id = "0123456789abcdef";
  weights.encoder.add("fc", Array::zeros({2}, DType::kFloat32));
  write_timm_folder(weights, "card 1", folder / "model");
  write_file(folder / "model" / "left.txt", "of before");
  write_timm_folder(weights, "card 2", folder.path() / "model/");
  EXPECT_EQ(read_file(folder / "model" / "README.md"), "card 2");
  EXPECT_FALSE(std::filesystem::exists(folder / "model" / "left.txt"));
  EXPECT_FALSE(std::filesystem::exists(folder / "model.partial"));
  const Json config = Json::parse(read_file(folder / "model" / "config.json"));
  EXPECT_EQ(config.at("architecture"), "resnet18");
  EXPECT_EQ(config.at("num_features"), 512);
  EXPECT_EQ(config.at("pretrained_cfg").at("input_size").dump(), "[3,224,224]");
  EXPECT_EQ(config.at("pretrained_cfg").at("pool_size").dump(), "[7,7]");
  EXPECT_EQ(config.at("pretrained_cfg").at("interpolation"), "bilinear")
      << "as evaluation resizes, not the crops of training";
  EXPECT_EQ(config.at("pretrained_cfg").at("crop_pct"), 0.875);

  std::filesystem::create_directory(folder / "mine");
  write_file(folder / "mine" / "config.json", "{\"architecture\": \"resnet18\"}");
  EXPECT_NE(test::error_of([&] { write_timm_folder(weights, "", folder / "mine"); }).find("holds something else"),
            std::string::npos);
  EXPECT_EQ(read_file(folder / "mine" / "config.json"), "{\"architecture\": \"resnet18\"}");
}

// timm takes the whole part of side / crop_pct; evaluation resizes to the nearest integer.
TEST(TimmFolder, HasTheShortSideOfTheEvaluationAtEverySize) {
  const test::TemporaryFolder folder;
  RunWeights weights;
  weights.settings.encoder = {.arch = "resnet18", .stem = "imagenet"};
  weights.encoder.add("fc", Array::zeros({2}, DType::kFloat32));
  for (const int64_t side : {32, 64, 95, 96, 97, 100, 160, 224, 299}) {
    for (const double fraction : {0.7, 0.875, 0.95, 1.0}) {
      weights.settings.augment.image_size = side;
      weights.settings.augment.eval_crop_fraction = fraction;
      write_timm_folder(weights, "", folder / "model");
      const Json config = Json::parse(read_file(folder / "model" / "config.json")).at("pretrained_cfg");
      EXPECT_EQ(std::floor(static_cast<double>(side) / config.at("crop_pct").get<double>()),
                std::nearbyint(static_cast<double>(side) / fraction))
          << side << " " << fraction;
    }
  }
}

// A finished run, as far as exports look, whose projector has those weights.
std::filesystem::path small_run(const std::filesystem::path& folder, const std::string& projector,
                                const io::ArrayFile& projector_weights) {
  std::filesystem::create_directories(folder);
  write_file(folder / "config.toml",
             "[train]\ndata = \"folder:photos\"\n[projector]\nprojector = \"" + projector + "\"\n");
  write_file(folder / "DONE", R"({"steps": 400, "seconds": 65})");
  io::ArrayFile encoder;
  encoder.add("conv1.weight", Array::zeros({4, 3, 3, 3}, DType::kFloat32));
  io::write_safetensors(folder / "encoder.safetensors", encoder);
  io::write_safetensors(folder / "projector.safetensors", projector_weights);
  return folder;
}

TEST(Export, TakesNobodysPlaceUnasked) {
  const test::TemporaryFolder folder;
  const auto run = small_run(folder / "run", "none", {});
  const auto error = [&](const ExportSettings& settings, const std::string& out, const std::string& card) {
    return test::error_of([&] { export_run(run, settings, folder / out, card.empty() ? "" : folder / card); });
  };
  write_file(folder / "mine.safetensors", "mine");
  write_file(folder / "precious.md", "mine");
  EXPECT_NE(error({}, "mine.safetensors", "").find("mine.safetensors' is there already (--overwrite replaces it)"),
            std::string::npos);
  EXPECT_NE(error({}, "new.safetensors", "precious.md").find("--card: "), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "new.safetensors")) << "nothing is written where a part cannot be";
  EXPECT_NE(error({.overwrite = true}, "a.safetensors", "run/../a.safetensors").find("--card: "), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "a.safetensors"));
  EXPECT_NE(error({.format = "timm", .overwrite = true}, "model", "model/config.json").find("lies in what --out names"),
            std::string::npos);
  EXPECT_EQ(read_file(folder / "mine.safetensors") + read_file(folder / "precious.md"), "minemine");
  const std::string weights = read_file(run / "encoder.safetensors");
  for (const char* own : {"run/encoder.safetensors", "run/../run/best.safetensors", "run/checkpoints/x.safetensors"}) {
    EXPECT_NE(error({.overwrite = true}, own, "").find("is a file of the run itself"), std::string::npos) << own;
  }
  EXPECT_NE(error({.overwrite = true}, "a.safetensors", "run/config.toml").find("--card: "), std::string::npos);
  EXPECT_EQ(read_file(run / "encoder.safetensors"), weights);
  EXPECT_EQ(error({}, "run/mine.safetensors", "run/card.md"), "no error") << "others may lie with it";

  EXPECT_EQ(error({.overwrite = true}, "mine.safetensors", "precious.md"), "no error");
  EXPECT_EQ(io::read_safetensors(folder / "mine.safetensors").arrays.size(), 1U);
  EXPECT_NE(read_file(folder / "precious.md").find("load_file(\"mine.safetensors\")"), std::string::npos)
      << "the card names the file";
  EXPECT_EQ(error({}, "not/there/yet.safetensors", "nor/this.md"), "no error");
  EXPECT_TRUE(std::filesystem::exists(folder / "not/there/yet.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(folder / "nor/this.md"));
}

TEST(Export, WritesNoProjectorWithoutWeights) {
  const test::TemporaryFolder folder;
  const auto none = small_run(folder / "none", "none", {});
  EXPECT_EQ(test::error_of([&] { export_run(none, {.projector = true}, folder / "p.safetensors", ""); }),
            "--projector: the run's projector 'none' has no weights (without --projector the encoder's are written)");
  EXPECT_FALSE(std::filesystem::exists(folder / "p.safetensors"));
  io::ArrayFile weights;
  weights.add("0.weight", Array::zeros({2, 2}, DType::kFloat32));
  const auto linear = small_run(folder / "linear", "linear", weights);
  export_run(linear, {.projector = true}, folder / "p.safetensors", folder / "card.md");
  EXPECT_NE(read_file(folder / "card.md").find("projector.load_state_dict(weights)"), std::string::npos);
}

TEST(ExportFormats, ShowHowToLoadAllThatIsInTheFile) {
  const auto usage = [](const char* format, bool projector) {
    return export_formats().at(format).usage("\"a b\"", projector);
  };
  EXPECT_EQ(usage("onnx", false).find("embedding"), std::string::npos);
  EXPECT_NE(usage("onnx", true).find("representation, embedding = session.run([\"representation\", \"embedding\"]"),
            std::string::npos);
  EXPECT_NE(usage("timm", false).find("timm.create_model(\"local-dir:a b\""), std::string::npos);
}

TEST(Export, SaysThatAFileIsNoRun) {
  const test::TemporaryFolder folder;
  write_file(folder / "e.safetensors", "");
  EXPECT_NE(test::error_of([&] {
              export_run(folder / "e.safetensors", {}, folder / "o.safetensors", "");
            }).find("e.safetensors: is a file, not a run directory"),
            std::string::npos);
}

TEST(ModelCard, SaysWhatWasMeasuredAndWhatWasNot) {
  RunWeights weights;
  weights.settings.encoder = {.arch = "resnet18", .stem = "cifar"};
  weights.settings.data = "folder:photos";
  report::RunResults run;
  run.config = {{"train", "epochs", "5"}, {"run", "threads", "2"}};
  run.environment = {{"images", "1234"}, {"data_fingerprint", "00ff"}};
  const std::string bare = model_card(run, weights, false, "load()\n");
  EXPECT_NE(bare.find("representations of 512 numbers"), std::string::npos);
  EXPECT_NE(bare.find("the short side resized to 256 (bilinear"), std::string::npos) << bare;
  EXPECT_NE(bare.find("folder:photos, 1234 images; fingerprint 00ff"), std::string::npos);
  EXPECT_NE(bare.find("```python\nload()\n```"), std::string::npos);
  EXPECT_NE(bare.find("| train.epochs | 5 |"), std::string::npos);
  EXPECT_EQ(bare.find("run.threads"), std::string::npos);
  EXPECT_NE(bare.find("| ResNet resnet18, stem cifar |"), std::string::npos);
  EXPECT_NE(bare.find("Not measured: `directclr evaluate RUN --cached` does."), std::string::npos);
  EXPECT_NE(bare.find("Not measured: `directclr spectrum RUN` does."), std::string::npos);

  run.probe = report::Accuracy{0.8125, "linear probe"};
  report::SpectrumResult spectrum;
  spectrum.values = {1, 0.5, 0};
  spectrum.effective_rank_lambda = 1.9;
  spectrum.below_1e_4 = 1;
  spectrum.split = "test";
  spectrum.verdict.text = "healthy";
  run.spectra["representation"] = spectrum;
  const std::string measured = model_card(run, weights, false, "load()\n");
  EXPECT_NE(measured.find("- 81.25 % top-1: linear probe\n"), std::string::npos);
  EXPECT_NE(measured.find("- representation: healthy. Effective rank 1.9 of 3 (test)\n"), std::string::npos)
      << measured;
  EXPECT_EQ(model_card(run, weights, true, "").find("81.25"), std::string::npos)
      << "of the best state nothing was measured";
  weights.settings.encoder.encoder_end = "norm";
  EXPECT_NE(model_card(run, weights, false, "").find("stem cifar, end norm |"), std::string::npos);
}

}  // namespace
}  // namespace directclr::publish
