#include "directclr/experiment/scale.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace directclr::experiment {
namespace {

const std::vector<double> kSweep = {0, 1. / 32, 1. / 8, 360. / 2048, 3. / 8, 5. / 8, 7. / 8, 1};

using ScaleValues = std::vector<std::pair<const char*, const char*>>;

// Sets fields by name, and notes that they are set on purpose.
void set_all(Scale& scale, const ScaleValues& train, const ScaleValues& evaluation) {
  FieldList fields = fields_of(scale.train);
  for (const auto& [name, value] : train) {
    fields.find(name)->set(value, scale.name);
    scale.given.insert(name);
  }
  FieldList evaluating = fields_of(scale.evaluation);
  for (const auto& [name, value] : evaluation) evaluating.find(name)->set(value, scale.name);
}

Scale scale_of(const char* name, const char* help, int64_t seeds) {
  Scale scale{name, help};
  scale.seeds = seeds;
  return scale;
}

// Whether the machinery works: says nothing about the paper.
Scale smoke() {
  Scale s = scale_of("smoke", "the machinery in a few minutes; its numbers mean nothing", 2);
  set_all(s,
          {{"data", "fashion-mnist"},
           {"limit", "4096"},
           {"epochs", "2"},
           {"batch_size", "128"},
           {"arch", "basic:1,1,1,1:16"},
           {"stem", "small"},
           {"projector_dim", "32"},
           {"lr", "0.3"},
           {"log_every", "4"}},
          {{"cached", "true"}, {"feature_limit", "3000"}});
  s.sweep = {0, 0.5, 1};
  s.only_machinery = true;
  s.assumed_images = 60000;
  return s;
}

// docs/regimes.md says why these.
Scale on_processors(const char* name, const char* help, const char* arch, int64_t seeds) {
  Scale s = scale_of(name, help, seeds);
  set_all(s,
          {{"preset", "cifar"},
           {"epochs", "40"},
           {"batch_size", "256"},
           {"arch", arch},
           {"stem", "small"},
           {"optimizer", "lars"},
           {"lr", "0.6"},
           {"weight_decay", "1e-6"},
           {"tau", "0.1"}},
          {{"cached", "true"}});
  s.sweep = kSweep;
  s.assumed_images = 50000;
  return s;
}

// Many blocks in the last stage, where maps are one pixel: there the collapse is.
Scale cpu() {
  return on_processors("cpu", "CIFAR-10 or the like on a few processor cores, in hours", "bottleneck:1,1,1,6:16", 3);
}

Scale cpu_2222() {
  return on_processors("cpu-2222", "as cpu with two blocks in each stage, where few dimensions collapse",
                       "bottleneck:2,2,2,2:16", 1);
}

Scale gpu() {
  Scale s = scale_of("gpu", "CIFAR, STL-10 or part of ImageNet on one GPU, in a day", 3);
  set_all(s,
          {{"epochs", "200"},
           {"batch_size", "512"},
           {"arch", "resnet18"},
           {"optimizer", "lars"},
           {"base_lr", "0.3"},
           {"weight_decay", "1e-6"},
           {"tau", "0.1"}},
          {{"cached", "true"}});
  s.sweep = kSweep;
  s.one_at_a_time = true;
  s.assumed_images = 50000;
  return s;
}

// The paper's protocol to the letter (Appendix D). What is left out here is a default of the program, which is the
// paper's value; a test holds every field against the protocol.
Scale imagenet() {
  Scale s = scale_of("paper", "ImageNet with the paper's hyper-parameters, on 32 GPUs", 1);
  set_all(s,
          {{"preset", "imagenet"},
           {"epochs", "100"},
           {"batch_size", "4096"},
           {"arch", "resnet50"},
           {"d0", "360"},
           {"projector_dim", "128"},
           {"optimizer", "lars"},
           {"base_lr", "0.3"},
           {"weight_decay", "1e-6"},
           {"tau", "0.1"}},
          {});
  s.sweep = kSweep;  // 1, 64, 256, 360, 768, 1280, 1792 and 2048 of 2048
  s.one_at_a_time = true;
  s.assumed_images = 1281167;
  return s;
}

}  // namespace

Widths Scale::widths() const {
  Widths widths{train.encoder.shape().representation(), 0, {}};
  widths.d0 = train.projector.resolved_d0(widths.representation);
  if (sweep.empty()) return widths;
  std::set<int64_t> values = {widths.d0};
  for (const double share : sweep) {
    const auto d0 = std::lround(share * static_cast<double>(widths.representation));
    values.insert(std::clamp<int64_t>(d0, 1, widths.representation));
  }
  widths.sweep.assign(values.begin(), values.end());
  return widths;
}

const Table<Scale>& scales() {
  static const Table<Scale> table("--scale", {smoke(), cpu(), cpu_2222(), gpu(), imagenet()});
  return table;
}

}  // namespace directclr::experiment
