#include "directclr/train/foreign_weights.h"

#include <algorithm>
#include <map>

#include "directclr/core/error.h"
#include "directclr/io/array_index.h"
#include "directclr/tensor/arrays.h"
#include "directclr/train/contrastive_model.h"

namespace directclr::train {

std::vector<std::string> load_foreign_weights(torch::nn::Module& module, const std::filesystem::path& path) {
  const auto index = io::read_array_index(path);
  std::map<std::string, const io::ArraySpan*> spans;
  for (const auto& [name, span] : index) spans[name] = &span;
  const auto wanted = named_tensors(module, "", /*with_buffers=*/true);

  // The prefix under which the first tensor stands; the shortest, if there are several (a momentum copy).
  const std::string& first = wanted.front().first;
  std::string prefix;
  bool found = false;
  for (const auto& [name, span] : index) {
    if (!name.ends_with(first)) continue;
    const std::string before = name.substr(0, name.size() - first.size());
    if (!before.empty() && before.back() != '.') continue;
    if (!found || before.size() < prefix.size()) prefix = before;
    found = true;
  }
  if (!found) {
    throw InputError(path.string(), "has no tensor '" + first + "', under no prefix",
                     "weights of another architecture?");
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : wanted) {
    const auto at = spans.find(prefix + name);
    if (at == spans.end()) {
      if (name.ends_with("num_batches_tracked")) continue;
      throw InputError(path.string(), "has no tensor '" + prefix + name + "'", "weights of another architecture?");
    }
    if (at->second->shape != tensor.sizes().vec()) {
      throw InputError(path.string(), "tensor '" + prefix + name + "' has another shape",
                       "weights of another architecture?");
    }
    tensor.copy_(tensor::tensor_of(io::read_array(path, *at->second)));
    spans.erase(at);
  }
  std::vector<std::string> rest;
  for (const auto& [name, span] : spans) rest.push_back(name);
  return rest;
}

}  // namespace directclr::train
