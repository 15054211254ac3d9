#include "directclr/settings/model_settings.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/settings/encoders.h"
#include "directclr/settings/projectors.h"
#include "directclr/settings/stems.h"

namespace directclr::settings {

void EncoderSettings::describe(FieldList& f) {
  f.section("encoder");
  f.add("arch", arch,
        join(architectures().names()) +
            ", or basic:2,2,2,2:64 and bottleneck:2,2,2,2:16 (blocks a stage : width of the "
            "first stage)");
  f.add("stem", stem,
        "imagenet: 7x7 stride 2, pool; small: 3x3 stride 2, pool; cifar: 3x3 stride 1, no pool; auto: by the weights "
        "where "
        "there are any, else cifar for views of at most 64 pixels and imagenet for larger ones",
        {"auto", "imagenet", "small", "cifar"});
  f.add("zero_init_residual", zero_init_residual, "start every residual branch at zero (last batch norm's weight)");
  f.add("encoder_end", encoder_end, "how the last block ends and r comes of it. " + encoder_ends().help(),
        encoder_ends().names());
}

EncoderSettings::Shape EncoderSettings::shape() const {
  const auto names = architectures().names();
  if (std::find(names.begin(), names.end(), arch) != names.end()) return architectures().at(arch).shape;
  const auto parts = split(arch, ':');
  const bool bottleneck = parts[0] == "bottleneck";
  Shape shape{bottleneck, {}, 0};
  const auto blocks = split(parts.size() == 3 ? parts[1] : "", ',');
  bool good = (bottleneck || parts[0] == "basic") && parts.size() == 3 && blocks.size() == 4 &&
              parse_int(parts[2], shape.width) && shape.width >= 1 && shape.width <= 1024;
  for (size_t i = 0; good && i < 4; ++i) {
    good = parse_int(blocks[i], shape.blocks[i]) && shape.blocks[i] >= 1 && shape.blocks[i] <= 100;
  }
  if (!good) {
    const auto near = nearest(arch, names);
    throw InputError("--arch", "'" + arch + "' is not known",
                     (near.empty() ? "" : "did you mean '" + near + "'? ") + "allowed: " + join(names, " | ") +
                         " | basic:2,2,2,2:64 | bottleneck:2,2,2,2:16");
  }
  return shape;
}

std::string EncoderSettings::resolved_stem(int64_t image_size) const {
  return stem == "auto" ? automatic_stem(image_size).stem : stem;
}

void ProjectorSettings::describe(FieldList& f) {
  f.section("projector");
  f.add("projector", projector, "what stands between representation and loss. " + projectors().help(),
        projectors().names());
  f.add("d0", d0, 0, 1 << 20, "width of the sub-vector or rank; 0: D * 360 / 2048, the paper's ratio");
  f.add("projector_dim", projector_dim, 1, 1 << 20, "output width of linear, lowrank and mlp");
  f.add("mlp_depth", mlp_depth, 1, 4, "linear layers of the mlp");
  f.add("mlp_hidden", mlp_hidden, 0, 1 << 20, "hidden width of the mlp; 0: D");
  f.add("mlp_batch_norm", mlp_batch_norm, "batch norm after each hidden layer of the mlp");
  f.add("mlp_last_batch_norm", mlp_last_batch_norm, "batch norm after the last layer of the mlp");
  f.add("mlp_bias", mlp_bias, "biases in the linear layers of the mlp");
  f.add("lowrank_left", lowrank_left,
        "lowrank-fixed: also apply the left orthogonal matrix (the loss is the same, z is D wide)");
}

int64_t ProjectorSettings::resolved_d0(int64_t representation) const {
  const int64_t result = d0 == 0 ? std::max<int64_t>(1, (representation * 360 + 1024) / 2048) : d0;
  if (result > representation) {
    throw InputError("--d0", format("%lld is more than the representation has", static_cast<long long>(result)),
                     format("allowed: 1 .. %lld", static_cast<long long>(representation)));
  }
  return result;
}

}  // namespace directclr::settings
