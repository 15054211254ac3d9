#include "directclr/publish/model_card.h"

#include <algorithm>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/data/views.h"

namespace directclr::publish {
namespace {

std::string triple_text(const std::array<double, 3>& values) {
  return format("(%g, %g, %g)", values[0], values[1], values[2]);
}

std::string accuracy_line(const std::optional<report::Accuracy>& accuracy) {
  return accuracy ? format("- %.2f %% top-1: %s\n", 100 * accuracy->top1, accuracy->protocol.c_str()) : "";
}

// The settings that are not a run's own affair, by section.
std::string settings_table(const report::RunResults& run) {
  std::string text = "| setting | value |\n|---|---|\n";
  for (const auto& entry : run.config) {
    if (entry.section == "run" || entry.section == "monitor") continue;
    text += "| " + entry.section + "." + entry.name + " | " + entry.text + " |\n";
  }
  return text;
}

std::string measurements(const report::RunResults& run) {
  std::string text = "## Accuracy\n\n";
  const std::string accuracies =
      accuracy_line(run.probe) + accuracy_line(run.knn) +
      (run.baseline
           ? format("- %.2f %% top-1 with the untrained encoder, by the same probe\n", 100 * run.baseline->top1)
           : "");
  text += accuracies.empty() ? "Not measured: `directclr evaluate RUN --cached` does.\n" : accuracies;
  text += "\n## Spectrum\n\n";
  for (const auto& [layer, s] : run.spectra) {
    text += format("- %s: %s. Effective rank %.1f of %lld (%s)\n", layer.c_str(), s.verdict.text.c_str(),
                   s.effective_rank_lambda, static_cast<long long>(s.dimensions()), s.split.c_str());
  }
  if (run.spectra.empty()) text += "Not measured: `directclr spectrum RUN` does.\n";
  return text;
}

}  // namespace

std::string model_card(const report::RunResults& run, const RunWeights& weights, bool best, const std::string& usage) {
  const auto& s = weights.settings;
  const auto& normalization = s.augment.normalization();
  const long long width = s.encoder.shape().representation();
  const auto said = [&](const char* key) {
    const auto at = run.environment.find(key);
    return at == run.environment.end() ? std::string("not recorded") : at->second;
  };
  std::string text =
      "---\ntags:\n- image-feature-extraction\n- self-supervised-learning\n- contrastive-learning\n---\n";
  text += "# " + s.encoder.arch + ", trained without labels by directclr\n\n";
  text += format(
      "An encoder: images in, representations of %lld numbers out. Trained by contrastive learning (loss %s, projector "
      "%s), "
      "without labels. It has no classifier.\n\n",
      width, s.loss.loss.c_str(), s.projector.projector.c_str());
  const auto row = [&](const std::string& what, const std::string& value) {
    text += "| " + what + " | " + value + " |\n";
  };
  const auto side = std::to_string(s.augment.image_size);
  text += "| | |\n|---|---|\n";
  row("architecture", "ResNet " + s.encoder.arch + ", stem " + s.encoder.resolved_stem(s.augment.image_size) +
                          (s.encoder.encoder_end == "relu" ? "" : ", end " + s.encoder.encoder_end));
  row("images", "RGB, " + side + " x " + side + " pixels: the short side resized to " +
                    std::to_string(data::eval_short_side(s.augment)) +
                    " (bilinear, antialiased as Pillow does it), then a centre crop; scaled to [0, 1], less the mean " +
                    triple_text(normalization.mean) + ", by the deviation " + triple_text(normalization.std));
  row("data", s.data + ", " + said("images") + " images; fingerprint " + said("data_fingerprint"));
  row("training",
      counted(s.epochs, "epoch") + ", batches of " + std::to_string(s.batch_size) + ", directclr " + said("directclr"));
  row("run", weights.run_id.empty() ? "without id" : weights.run_id);
  text += "\n```python\n" + usage + "```\n\n";
  if (best) {
    text += "These are the weights of the best state by `keep_best = " + s.keep_best +
            "`, not of the end of the run, of which its measurements are: none stand here.\n";
  } else {
    text += measurements(run);
  }
  return text + "\n## Settings\n\n" + settings_table(run);
}

}  // namespace directclr::publish
