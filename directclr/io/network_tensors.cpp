#include "directclr/io/network_tensors.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "directclr/core/error.h"
#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

using Named = std::pair<std::string, ArraySpan>;

// Whether a part of a name says that what is below follows another network.
bool names_follower(const std::string& part) {
  constexpr std::string_view kWords[] = {"momentum", "teacher", "target", "ema", "shadow", "averaged"};
  constexpr std::string_view kKeys[] = {"encoder_k", "key_encoder", "encoder_key", "backbone_k", "model_k"};
  if (std::ranges::find(kKeys, part) != std::end(kKeys)) return true;
  const auto words = split(part, '_');
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return std::ranges::find(kWords, word) != std::end(kWords); });
}

// Names of what optimisers keep, and of buffers that hold embeddings.
bool is_no_weight(const std::vector<std::string>& parts, std::string& why) {
  constexpr std::string_view kStates[] = {"exp_avg",         "exp_avg_sq", "max_exp_avg_sq",
                                          "momentum_buffer", "square_avg", "acc_delta"};
  constexpr std::string_view kQueues[] = {"queue", "queue2", "memory_bank"};
  for (const auto& part : parts) {
    if (part.starts_with("optim") || std::ranges::find(kStates, part) != std::end(kStates)) {
      why = "an optimiser's";
      return true;
    }
  }
  if (std::ranges::find(kQueues, parts.back()) != std::end(kQueues)) {
    why = "of a queue of embeddings";
    return true;
  }
  return false;
}

// For every name, and every part of it: the name with that part left open. Tensors of networks side by side share it.
class Siblings {
 public:
  explicit Siblings(const std::vector<Named>& arrays) {
    for (const auto& [name, span] : arrays) {
      const auto parts = split(name, '.');
      shapes_[unwrapped(parts, 0, parts.size())] = &span.shape;
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        if (!names_follower(parts[i])) open_[with_gap(parts, i)] = &span.shape;
      }
    }
  }

  // The prefix of the following network that a tensor is part of, "module.encoder_k."; "" for any other.
  std::string follower(const std::vector<std::string>& parts, const std::vector<int64_t>& shape) const {
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      if (!names_follower(parts[i])) continue;
      const auto beside = open_.find(with_gap(parts, i));
      const auto above = shapes_.find(unwrapped(parts, 0, i) + unwrapped(parts, i + 1, parts.size()));
      if ((beside != open_.end() && *beside->second == shape) || (above != shapes_.end() && *above->second == shape)) {
        std::string prefix;
        for (size_t k = 0; k <= i; ++k) prefix += parts[k] + ".";
        return prefix;
      }
    }
    return "";
  }

 private:
  static std::string with_gap(const std::vector<std::string>& parts, size_t i) {
    return unwrapped(parts, 0, i) + "*." + unwrapped(parts, i + 1, parts.size());
  }
  // Without what DistributedDataParallel and torch.compile put in between, of one network perhaps and not of another.
  static std::string unwrapped(const std::vector<std::string>& parts, size_t begin, size_t end) {
    std::string name;
    for (size_t i = begin; i < end; ++i) {
      if (parts[i] != "module" && parts[i] != "_orig_mod") name += parts[i] + ".";
    }
    return name;
  }
  std::map<std::string, const std::vector<int64_t>*> shapes_, open_;
};

// Of names that end in `first`, what stands before it, if that ends a part.
std::string prefix_before(const std::string& name, const std::string& first, bool& found) {
  found = name.ends_with(first);
  const std::string before = found ? name.substr(0, name.size() - first.size()) : "";
  found = found && (before.empty() || before.back() == '.');
  return before;
}

// Whole parts that all names begin with.
std::string common_prefix(const std::vector<Named>& tensors) {
  if (tensors.empty()) return "";
  std::string common = tensors[0].first;
  for (const auto& [name, span] : tensors) {
    const auto ends = std::mismatch(common.begin(), common.end(), name.begin(), name.end());
    common.erase(ends.first, common.end());
  }
  const size_t dot = common.rfind('.');
  return dot == std::string::npos ? "" : common.substr(0, dot + 1);
}

std::string listed(const std::vector<std::string>& words, size_t most) {
  std::vector<std::string> shown(words.begin(),
                                 words.begin() + static_cast<std::ptrdiff_t>(std::min(words.size(), most)));
  return join(shown) + (words.size() > most ? ", .." : "");
}

// The prefix as the file has it: `prefix` may leave out its beginning and the point at its end.
std::string whole_prefix(const std::string& where, const ArrayIndex& index, std::string prefix) {
  if (!prefix.ends_with('.')) prefix += '.';
  std::set<std::string> whole, beginnings;
  for (const auto& [name, span] : index.arrays) {
    beginnings.insert(name.substr(0, name.find('.') + 1));
    if (name.starts_with(prefix)) return prefix;
    const size_t at = name.find("." + prefix);
    if (at != std::string::npos) whole.insert(name.substr(0, at + 1 + prefix.size()));
  }
  if (whole.size() == 1) return *whole.begin();
  if (whole.size() > 1) {
    throw InputError(where, "has several prefixes that end in '" + prefix + "'",
                     listed({whole.begin(), whole.end()}, 4));
  }
  beginnings.erase("");
  throw InputError(where, "has no tensors under '" + prefix + "'",
                   beginnings.empty() ? "they have no prefix"
                                      : "names begin with " + listed({beginnings.begin(), beginnings.end()}, 6));
}

}  // namespace

std::string WeightsRead::text() const {
  std::string line = container + ": " + counted(static_cast<int64_t>(tensors), "tensor");
  if (!prefix.empty()) line += " under '" + prefix + "'";
  if (!passed_over.empty()) line += "; passed over: " + join(passed_over, "; ");
  return line;
}

NetworkTensors network_tensors(const std::string& where, const ArrayIndex& index, const std::string& prefix,
                               const std::string& first) {
  std::string chosen = prefix.empty() ? "" : whole_prefix(where, index, prefix);
  const Siblings siblings(index.arrays);
  NetworkTensors network;
  std::set<std::string> followers;
  std::map<std::string, int64_t> unwanted;
  for (const auto& array : index.arrays) {
    const auto parts = split(array.first, '.');
    std::string why;
    if (!array.first.starts_with(chosen)) continue;
    if (prefix.empty() && is_no_weight(parts, why)) {
      ++unwanted[why];
    } else if (const auto follower = prefix.empty() ? siblings.follower(parts, array.second.shape) : std::string();
               !follower.empty()) {
      followers.insert(follower);
    } else {
      network.tensors.push_back(array);
    }
  }
  if (!first.empty()) {
    std::set<std::string> found;
    for (const auto& [name, span] : network.tensors) {
      bool is = false;
      const std::string before = prefix_before(name, first, is);
      if (is) found.insert(before);
    }
    if (found.empty()) {
      const std::string hint = hint_on_objects(index.others);
      throw InputError(where,
                       "has no tensor '" + chosen + first + "'" + (prefix.empty() ? ", under no prefix" : "") +
                           (hint.empty() ? "" : ", but " + names_of(index.others)),
                       hint.empty() ? "weights of another architecture?" : hint);
    }
    chosen = *std::min_element(found.begin(), found.end(),
                               [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
    // Blocks inside the network may have a tensor of that name, too.
    for (const auto& other : found) {
      if (!other.starts_with(chosen)) followers.insert(other);
    }
    const size_t all = network.tensors.size();
    std::erase_if(network.tensors, [&](const Named& tensor) { return !tensor.first.starts_with(chosen); });
    if (all > network.tensors.size())
      unwanted["under other prefixes"] += static_cast<int64_t>(all - network.tensors.size());
  }
  network.read.container = index.container;
  network.read.prefix = first.empty() ? common_prefix(network.tensors) : chosen;
  network.read.tensors = static_cast<int64_t>(network.tensors.size());
  std::vector<std::string> others;
  for (const auto& name : followers) others.push_back("'" + name + "'");
  if (!others.empty()) {
    network.read.passed_over.push_back((others.size() == 1 ? "another network, " : "other networks, ") +
                                       listed(others, 4) + " (--prefix picks)");
  }
  for (const auto& [why, count] : unwanted)
    network.read.passed_over.push_back(counted(static_cast<int64_t>(count), "tensor") + " " + why);
  if (!index.others.empty()) network.read.passed_over.push_back(names_of(index.others));
  return network;
}

std::string parameter_of_network(const ArrayIndex& index) {
  std::map<std::string, const ArraySpan*> by_name;
  for (const auto& [name, span] : index.arrays) by_name[name] = &span;
  size_t layers = 0;
  std::string parameter;
  for (const auto& [name, span] : index.arrays) {
    const size_t end = name.find_last_of("./");  // JAX and Keras have slashes, and call a weight kernel
    const std::string last = end == std::string::npos ? name : name.substr(end + 1);
    // A running mean, or the kernels of a convolution: nothing else has them.
    if (last == "running_mean" || last == "num_batches_tracked") return name;
    const bool kernel = last == "kernel";
    if ((last != "weight" && !kernel) || !array::is_floating(span.type) || span.shape.empty()) continue;
    if (span.shape.size() > 2) return name;
    const auto bias = by_name.find(name.substr(0, name.size() - last.size()) + "bias");
    const bool fits = bias != by_name.end() && bias->second->shape.size() == 1 &&
                      bias->second->shape[0] == (kernel ? span.shape.back() : span.shape[0]);
    if (fits && parameter.empty() && span.shape.size() == 2) parameter = name;
    ++layers;
  }
  constexpr size_t kLayersOfANetwork = 3;
  if (parameter.empty() && layers >= kLayersOfANetwork) {
    const auto found = std::find_if(index.arrays.begin(), index.arrays.end(), [](const Named& array) {
      return array.first.ends_with("weight") || array.first.ends_with("kernel");
    });
    return found->first;
  }
  return parameter;
}

}  // namespace directclr::io
