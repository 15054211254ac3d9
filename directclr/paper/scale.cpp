#include "directclr/paper/scale.h"

#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::paper {
namespace {

const std::vector<double> kSweep = {0, 1. / 32, 1. / 8, 360. / 2048, 3. / 8, 5. / 8, 7. / 8, 1};

using Values = std::vector<std::pair<const char*, const char*>>;

// Sets fields by name, and notes that they are set on purpose.
void set(Scale& scale, const Values& train, const Values& evaluation) {
  FieldList fields = fields_of(scale.train);
  for (const auto& [name, value] : train) {
    fields.find(name)->set(value, scale.name);
    scale.given.insert(name);
  }
  FieldList evaluating = fields_of(scale.evaluation);
  for (const auto& [name, value] : evaluation) evaluating.find(name)->set(value, scale.name);
}

Scale named(const char* name, const char* purpose, int64_t seeds) {
  Scale scale;
  scale.name = name;
  scale.purpose = purpose;
  scale.seeds = seeds;
  return scale;
}

// Whether the machinery works: says nothing about the paper.
Scale smoke() {
  Scale s = named("smoke", "the machinery in a few minutes; its numbers mean nothing", 2);
  set(s,
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
  s.assumed_images = 60000;
  return s;
}

// docs/regimes.md says why these.
Scale cpu() {
  Scale s = named("cpu", "CIFAR-10 or the like on a few processor cores, in hours", 1);
  set(s,
      {{"preset", "cifar"},
       {"epochs", "40"},
       {"batch_size", "256"},
       {"arch", "bottleneck:2,2,2,2:16"},
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

Scale gpu() {
  Scale s = named("gpu", "CIFAR, STL-10 or part of ImageNet on one GPU, in a day", 3);
  set(s,
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
  Scale s = named("paper", "ImageNet with the paper's hyper-parameters, on 32 GPUs", 1);
  set(s,
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

std::vector<std::string> scale_names() { return {"smoke", "cpu", "gpu", "paper"}; }

Scale scale_named(const std::string& name) {
  if (name == "smoke") return smoke();
  if (name == "cpu") return cpu();
  if (name == "gpu") return gpu();
  if (name == "paper") return imagenet();
  const std::string near = nearest(name, scale_names());
  throw InputError("--scale", "'" + name + "' is not known",
                   (near.empty() ? "" : "did you mean '" + near + "'? ") + "allowed: " + join(scale_names(), " | "));
}

}  // namespace directclr::paper
