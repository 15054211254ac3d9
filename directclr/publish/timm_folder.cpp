#include "directclr/publish/timm_folder.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/version.h"
#include "directclr/data/views.h"
#include "directclr/io/safetensors.h"
#include "directclr/settings/encoders.h"

namespace directclr::publish {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOtherFormats = "--format onnx and --format safetensors take every encoder";

Json numbers_of(const std::array<double, 3>& values) { return Json(std::vector<double>(values.begin(), values.end())); }

// timm resizes the short side to the whole part of side / crop_pct, where the evaluation view takes the nearest
// integer.
double crop_share(const data::AugmentSettings& augment) {
  const auto side = static_cast<double>(augment.image_size);
  const double short_side = data::eval_short_side(augment);
  if (std::floor(side / augment.eval_crop_fraction) == short_side) return augment.eval_crop_fraction;
  return side / (short_side + 0.25);
}

// Throws where `out` is something that must not be replaced.
void check_replaceable(const fs::path& out) {
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out)) throw InputError(out.string(), "is no folder", "--format timm writes one");
  if (fs::is_empty(out)) return;
  const auto config = fs::exists(out / "config.json") ? Json::try_parse(read_file(out / "config.json")) : std::nullopt;
  if (!config || !config->contains("directclr")) {
    throw InputError(out.string(), "holds something else", "take a new folder, or remove this one");
  }
}

}  // namespace

std::string timm_architecture(const settings::EncoderSettings& encoder, int64_t image_size) {
  const std::string stem = encoder.resolved_stem(image_size);
  if (stem != "imagenet") {
    throw InputError("--format timm", "timm has no ResNet with the stem '" + stem + "', theirs is --stem imagenet",
                     kOtherFormats);
  }
  if (encoder.encoder_end != "relu") {
    throw InputError("--format timm", "timm has no ResNet that ends as --encoder-end " + encoder.encoder_end,
                     kOtherFormats);
  }
  const auto shape = encoder.shape();
  for (const auto& [name, known] : settings::architectures()) {
    if (known.bottleneck == shape.bottleneck && known.width == shape.width &&
        std::equal(std::begin(known.blocks), std::end(known.blocks), std::begin(shape.blocks))) {
      return name;
    }
  }
  throw InputError("--format timm", "timm has no ResNet '" + encoder.arch + "'", kOtherFormats);
}

void write_timm_folder(const RunWeights& weights, const std::string& card, const fs::path& out) {
  const auto& augment = weights.settings.augment;
  const std::string architecture = timm_architecture(weights.settings.encoder, augment.image_size);
  check_replaceable(out);
  const auto& normalization = augment.normalization();
  const int64_t side = augment.image_size;
  const int64_t map = (side + 31) / 32;
  const Json config = {{"architecture", architecture},
                       {"num_classes", 0},
                       {"num_features", weights.settings.encoder.shape().representation()},
                       {"global_pool", "avg"},
                       {"pretrained_cfg",
                        {{"custom_load", false},
                         {"input_size", Json::array({3, side, side})},
                         {"fixed_input_size", false},
                         {"pool_size", Json::array({map, map})},
                         {"interpolation", "bilinear"},  // the evaluation view's (data/views.h)
                         {"crop_pct", crop_share(augment)},
                         {"crop_mode", "center"},
                         {"mean", numbers_of(normalization.mean)},
                         {"std", numbers_of(normalization.std)},
                         {"num_classes", 0},
                         {"first_conv", "conv1"},
                         {"classifier", "fc"}}},
                       {"directclr", {{"version", kVersion}, {"run_id", weights.run_id}}}};
  const fs::path partial = (out.has_filename() ? out : out.parent_path()).string() + ".partial";
  fs::remove_all(partial);
  make_directories(partial);
  try {
    io::write_safetensors(partial / "model.safetensors", {weights.encoder.arrays, {{"format", "pt"}}});
    write_file(partial / "README.md", card);
    write_file(partial / "config.json", config.dump(2) + "\n");
    fs::remove_all(out);
    fs::rename(partial, out.has_filename() ? out : out.parent_path());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    throw;
  }
}

}  // namespace directclr::publish
