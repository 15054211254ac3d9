#include "directclr/explain/explain.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/loss/contrastive.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/tensor/arrays.h"

namespace directclr::explain {
namespace {

using at::Tensor;

constexpr int64_t kAttributionImages = 1024;

// The rows of batch k of a matrix.
Tensor rows_of(const Tensor& all, int64_t k, int64_t batch) { return all.slice(0, k * batch, (k + 1) * batch); }

// Inputs of the last linear map for both views, and the map.
struct Tail {
  Tensor h_a, h_b;
  LinearMap map;
  Tensor z_a, z_b;
};

Tail tail_of(const Subject& subject, const ViewFeatures& features) {
  const auto apply = [&](const Tensor& r) {
    auto tail = subject.projector->linear_tail(r.to(subject.device));
    return model::Projector::LinearTail{tail.input.cpu(), tail.weight.cpu(), tail.bias.cpu()};
  };
  const auto a = apply(features.a), b = apply(features.b);
  const torch::NoGradGuard no_grad;
  return {a.input,
          b.input,
          {a.weight, a.bias},
          torch::linear(a.input, a.weight, a.bias),
          torch::linear(b.input, a.weight, a.bias)};
}

// Batch k of rows h with the embeddings of a tail.
ViewBatch batch_of(const Tensor& h_a, const Tensor& h_b, const Tail& tail, int64_t k, int64_t batch) {
  return {rows_of(h_a, k, batch), rows_of(h_b, k, batch), rows_of(tail.z_a, k, batch), rows_of(tail.z_b, k, batch)};
}

LayerContrast layer_contrast(std::string name, ContrastSpectrum contrast) {
  LayerContrast layer{std::move(name), std::move(contrast), {}, {}};
  const auto along = [&](const Tensor& matrix) {
    const Tensor& v = layer.contrast.first_vectors;
    return tensor::values_of((matrix.mm(v) * v).sum(0));
  };
  layer.data_along = along(layer.contrast.second.data);
  layer.augmentation_along = along(layer.contrast.second.augmentation);
  return layer;
}

double trace_within(const Tensor& matrix, const Tensor& directions) {
  return (matrix.mm(directions) * directions).sum().item<double>();
}

double share_within(const ContrastMatrices& m, const Tensor& directions) {
  return trace_within(m.augmentation, directions) / trace_within(m.data, directions);
}

double share_of_traces(const ContrastMatrices& m) {
  return (m.augmentation.diagonal().sum() / m.data.diagonal().sum()).item<double>();
}

void choose_weak(Explanation& e) {
  const auto& x = e.last.contrast;
  const Tensor& v = x.first_vectors;
  const auto data = tensor::values_of((x.first.data.mm(v) * v).sum(0));
  const auto augmentation = tensor::values_of((x.first.augmentation.mm(v) * v).sum(0));
  const double floor = 1e-6 * *std::max_element(data.begin(), data.end());
  std::vector<int64_t> alive;
  for (size_t k = 0; k < data.size(); ++k) {
    if (data[k] > floor) alive.push_back(static_cast<int64_t>(k));
  }
  const auto share = [&](int64_t k) { return augmentation[static_cast<size_t>(k)] / data[static_cast<size_t>(k)]; };
  std::sort(alive.begin(), alive.end(), [&](int64_t i, int64_t j) { return share(i) > share(j); });
  const size_t wanted = std::max({size_t{1}, alive.size() / 10, static_cast<size_t>(x.negative_for_certain)});
  alive.resize(std::min(alive.size(), wanted));
  e.weak = v.index_select(1, torch::tensor(alive));
  e.weak_share = share_within(x.second, e.weak);
}

void choose_examples(Explanation& e, const ViewFeatures& features, const Tail& tail, const settings::LossSettings& loss,
                     int64_t count) {
  std::vector<double> spread;
  for (int64_t k = 0; k < features.batches(); ++k) {
    const ViewBatch rows = batch_of(tail.h_a, tail.h_b, tail, k, features.batch);
    const PairWeights weights = pair_weights(rows.z_a, rows.z_b, Weights::kTrained, loss);
    const auto values = tensor::values_of(spread_within(rows, weights, e.weak));
    spread.insert(spread.end(), values.begin(), values.end());
  }
  const double mean = std::accumulate(spread.begin(), spread.end(), 0.0) / static_cast<double>(spread.size());
  std::vector<size_t> order(spread.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return spread[i] > spread[j]; });
  order.resize(std::min(order.size(), static_cast<size_t>(count)));
  for (const size_t i : order) {
    e.examples.push_back(features.places[i]);
    e.example_shares.push_back(mean > 0 ? spread[i] / mean : 0);
  }
}

// The places of images that had no part in finding the weak directions, in whole batches.
std::vector<uint64_t> held_out_places(const ViewFeatures& features) {
  const int64_t most = std::max<int64_t>(1, kAttributionImages / features.batch);
  std::vector<uint64_t> places;
  for (int64_t k = 1, taken = 0; k < features.batches() && taken < most; k += 2, ++taken) {
    const auto begin = features.places.begin() + k * features.batch;
    places.insert(places.end(), begin, begin + features.batch);
  }
  return places;
}

void attribute(Explanation& e, const Subject& subject, const data::Source& source, std::vector<uint64_t> places,
               ViewOptions options, const Context& context) {
  e.attribution_images = static_cast<int64_t>(places.size());
  const data::Subset part(source, std::move(places));
  const auto variants = data::augment_variants(subject.augment);
  const auto measure = [&](const std::string& name, const data::AugmentSettings& augment) {
    options.task = name;
    const ViewFeatures features = view_features(subject.encoder, part, augment, subject.device, options, context);
    const Tail tail = tail_of(subject, features);
    ContrastMatrices sum;
    for (int64_t k = 0; k < features.batches(); ++k) {
      const ViewBatch rows = batch_of(tail.h_a, tail.h_b, tail, k, features.batch);
      sum.add(contrast_matrices(rows, pair_weights(rows.z_a, rows.z_b, Weights::kTrained, subject.loss)));
    }
    return std::pair(share_of_traces(sum), share_within(sum, e.weak));
  };
  const auto [share, weak_share] = measure("augmentation as trained", subject.augment);
  e.attribution.push_back({"as trained", data::AugmentVariant::Kind::kScaled, "all", share, weak_share});
  for (const auto& variant : variants) {
    const auto [of_all, of_weak] = measure(variant.name(), variant.settings);
    e.attribution.push_back({variant.name(), variant.kind, variant.operation, of_all, of_weak});
  }
}

// The encoder's last convolution on the main path, as a matrix (D, in x k x k).
Tensor last_convolution(const model::ResNet& encoder) {
  Tensor last;
  for (const auto& item : encoder->named_parameters()) {
    if (item.value().dim() == 4 && item.key().find("downsample") == std::string::npos) last = item.value();
  }
  return last.flatten(1);
}

void align(Explanation& e, const Subject& subject, const LinearMap& map) {
  const auto matrices = subject.projector->matrices();
  const auto add = [&](const std::string& name, const std::string& between, const Tensor& first, const Tensor& second) {
    auto alignment = spectrum::layer_alignment(tensor::array_of(first), tensor::array_of(second));
    if (alignment.distinct) e.alignments.push_back({name, between, std::move(alignment)});
  };
  add("last convolution and projector", "a batch normalisation, the shortcut, a ReLU and the average over places",
      last_convolution(subject.encoder), matrices.empty() ? map.weight : matrices[0]);
  for (size_t k = 1; k < matrices.size(); ++k) {
    add(format("projector's matrices %zu and %zu", k, k + 1), e.linear ? "nothing" : "a batch normalisation and a ReLU",
        matrices[k - 1], matrices[k]);
  }
}

}  // namespace

Explanation explain(const Subject& subject, const data::Source& source, const settings::ExplainSettings& settings,
                    const ViewOptions& options, const Context& context) {
  if (static_cast<int64_t>(source.size()) < 2 * options.batch) {
    throw InputError("--batch", format("%lld images do not fill two batches of %lld",
                                       static_cast<long long>(source.size()), static_cast<long long>(options.batch)));
  }
  const ViewFeatures features =
      view_features(subject.encoder, source, subject.augment, subject.device, options, context);
  const Tail tail = tail_of(subject, features);
  const settings::LossSettings& loss = subject.loss;
  const int64_t batches = features.batches();
  const auto on_h = [&](int64_t k) { return batch_of(tail.h_a, tail.h_b, tail, k, features.batch); };
  const auto on_r = [&](int64_t k) { return batch_of(features.a, features.b, tail, k, features.batch); };

  Explanation e;
  e.loss = loss;
  e.images = features.a.size(0);
  e.batch = features.batch;
  e.r = spectrum::summarize(tensor::array_of(features.a), /*l2_normalize=*/false);
  e.linear = tail.h_a.is_same(features.a) || torch::equal(tail.h_a, features.a);
  e.last = layer_contrast(e.linear ? "representation r" : "input of the last layer",
                          contrast_spectrum(on_h, batches, Weights::kTrained, loss));
  e.eqn2 = contrast_spectrum(on_h, batches, Weights::kEqn2, loss);
  if (!e.linear) {
    e.representation = layer_contrast("representation r", contrast_spectrum(on_r, batches, Weights::kTrained, loss));
  }
  choose_weak(e);
  if (settings.examples > 0) choose_examples(e, features, tail, loss, settings.examples);

  const auto loss_of = [&](const Tensor& z_a, const Tensor& z_b) {
    return loss::loss_function(subject.loss.loss)(z_a, z_b, subject.loss, {});
  };
  e.growth = growth(on_h, batches, tail.map, loss_of, e.last.contrast.mean.contrast(), e.last.contrast.vectors);
  align(e, subject, tail.map);
  const auto matrices = subject.projector->matrices();
  if (matrices.size() > 1) {
    const auto gradient = [&](int64_t k) {
      const auto z = [&](const Tensor& r) {
        return subject.projector->forward(rows_of(r, k, features.batch).to(subject.device), 0);
      };
      return torch::autograd::grad({loss_of(z(features.a), z(features.b))}, {matrices[0]})[0];
    };
    const auto& x = e.linear ? e.last.contrast.mean : e.representation->contrast.mean;
    e.first_layer = first_layer_growth(gradient, batches, matrices[0], matrices[1], x.contrast());
  }
  if (settings.attribution) attribute(e, subject, source, held_out_places(features), options, context);
  return e;
}

}  // namespace directclr::explain
