#include "directclr/causes/explanation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "directclr/causes/rows.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::causes {

using array::Array;

namespace {

constexpr int64_t kAttributionImages = 1024;

// The rows of batch k of a matrix.
Array batch_rows(const Array& all, int64_t k, int64_t batch) { return all.slice(k * batch, (k + 1) * batch); }

// Inputs of the last linear map for both views, and what it makes of them.
struct Tail {
  Array h_a, h_b;
  Array z_a, z_b;
};

Array mapped(const Array& h, const LinearMap& map) {
  if (map.is_identity()) return h;
  if (map.weight.size(1) != h.size(1)) {
    throw InputError("weight",
                     format("expected (P, %lld), got ", static_cast<long long>(h.size(1))) + map.weight.describe());
  }
  Array z = products_of_rows(h, map.weight);
  const auto bias = map.bias.values<double>();
  const auto to = z.mutable_values<double>();
  for (size_t i = 0; i < to.size(); ++i) to[i] += bias[i % bias.size()];
  return z;
}

Tail tail_of(const Subject& subject, const ViewFeatures& features) {
  Tail tail{features.a, features.b, {}, {}};
  if (subject.input_of_map) {
    tail.h_a = subject.input_of_map(features.a);
    tail.h_b = subject.input_of_map(features.b);
  }
  tail.z_a = mapped(tail.h_a, subject.map);
  tail.z_b = mapped(tail.h_b, subject.map);
  return tail;
}

// Batch k of rows h with the embeddings of a tail.
ViewBatch batch_of(const Array& h_a, const Array& h_b, const Tail& tail, int64_t k, int64_t batch) {
  return {batch_rows(h_a, k, batch), batch_rows(h_b, k, batch), batch_rows(tail.z_a, k, batch),
          batch_rows(tail.z_b, k, batch)};
}

LayerContrast layer_contrast(std::string name, ContrastSpectrum contrast) {
  LayerContrast layer{std::move(name), std::move(contrast), {}, {}};
  layer.data_along = along(layer.contrast.first_vectors, layer.contrast.second.data);
  layer.augmentation_along = along(layer.contrast.first_vectors, layer.contrast.second.augmentation);
  return layer;
}

double sum_of(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double share_within(const ContrastMatrices& m, const Array& directions) {
  return sum_of(along(directions, m.augmentation)) / sum_of(along(directions, m.data));
}

void choose_weak(Explanation& e) {
  const auto& x = e.last.contrast;
  const auto data = along(x.first_vectors, x.first.data), augmentation = along(x.first_vectors, x.first.augmentation);
  const double floor = 1e-6 * *std::max_element(data.begin(), data.end());
  std::vector<int64_t> alive;
  for (size_t k = 0; k < data.size(); ++k) {
    if (data[k] > floor) alive.push_back(static_cast<int64_t>(k));
  }
  const auto share = [&](int64_t k) { return augmentation[static_cast<size_t>(k)] / data[static_cast<size_t>(k)]; };
  std::sort(alive.begin(), alive.end(), [&](int64_t i, int64_t j) { return share(i) > share(j); });
  const size_t wanted = std::max({size_t{1}, alive.size() / 10, static_cast<size_t>(x.negative_for_certain)});
  alive.resize(std::min(alive.size(), wanted));
  e.weak = x.first_vectors.rows(alive);
  e.weak_share = share_within(x.second, e.weak);
}

void choose_examples(Explanation& e, const ViewFeatures& features, const Tail& tail, const settings::LossSettings& loss,
                     int64_t count) {
  std::vector<double> spread;
  for (int64_t k = 0; k < features.batches(); ++k) {
    const ViewBatch rows = batch_of(tail.h_a, tail.h_b, tail, k, features.batch);
    const auto values = spread_within(rows, pair_weights(rows.z_a, rows.z_b, Weights::kTrained, loss), e.weak);
    spread.insert(spread.end(), values.begin(), values.end());
  }
  const double mean = sum_of(spread) / static_cast<double>(spread.size());
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
  const auto measure = [&](const std::string& name, const data::AugmentSettings& augment) {
    options.task = name;
    const ViewFeatures features = view_features(subject.encode, part, augment, options, context);
    const Tail tail = tail_of(subject, features);
    ContrastMatrices sum;
    for (int64_t k = 0; k < features.batches(); ++k) {
      const ViewBatch rows = batch_of(tail.h_a, tail.h_b, tail, k, features.batch);
      sum.add(contrast_matrices(rows, pair_weights(rows.z_a, rows.z_b, Weights::kTrained, subject.loss)));
    }
    return std::pair(trace(sum.augmentation) / trace(sum.data), share_within(sum, e.weak));
  };
  const auto [share, weak_share] = measure("augmentation as trained", subject.augment);
  e.attribution.push_back({"as trained", data::AugmentVariant::Kind::kScaled, "all", share, weak_share});
  for (const auto& variant : data::augment_variants(subject.augment)) {
    const auto [of_all, of_weak] = measure(variant.name(), variant.settings);
    e.attribution.push_back({variant.name(), variant.kind, variant.operation, of_all, of_weak});
  }
}

}  // namespace

Explanation explain(const Subject& subject, const data::Source& source, const settings::ExplainSettings& settings,
                    const ViewOptions& options, const Context& context) {
  require_pair_weights(subject.loss);
  if (options.batch < 2) throw InputError("--batch", std::to_string(options.batch) + "; at least 2 images");
  if (static_cast<int64_t>(source.size()) < 2 * options.batch) {
    throw InputError("--batch", format("%lld images do not fill two batches of %lld",
                                       static_cast<long long>(source.size()), static_cast<long long>(options.batch)));
  }
  const ViewFeatures features = view_features(subject.encode, source, subject.augment, options, context);
  const Tail tail = tail_of(subject, features);
  const settings::LossSettings& loss = subject.loss;
  const int64_t batches = features.batches();
  const auto on_h = [&](int64_t k) { return batch_of(tail.h_a, tail.h_b, tail, k, features.batch); };
  const auto on_r = [&](int64_t k) { return batch_of(features.a, features.b, tail, k, features.batch); };

  Explanation e;
  e.loss = loss;
  e.images = features.a.size(0);
  e.batch = features.batch;
  e.r = spectrum::summarize(features.a, /*l2_normalize=*/false);
  e.linear = !subject.input_of_map;
  e.last = layer_contrast(e.linear ? "representation r" : "input of the last layer",
                          contrast_spectrum(on_h, batches, Weights::kTrained, loss));
  e.eqn2 = contrast_spectrum(on_h, batches, Weights::kEqn2, loss);
  if (!e.linear) {
    e.representation = layer_contrast("representation r", contrast_spectrum(on_r, batches, Weights::kTrained, loss));
  }
  choose_weak(e);
  if (settings.examples > 0) choose_examples(e, features, tail, loss, settings.examples);

  const auto gradients = [&](const Array& z_a, const Array& z_b) { return loss_gradients(z_a, z_b, loss); };
  e.growth = growth(on_h, batches, subject.map, gradients, e.last.contrast.mean.contrast(), e.last.contrast.vectors);
  for (const auto& pair : subject.adjacent) {
    auto alignment = spectrum::layer_alignment(pair.first, pair.second);
    if (alignment.distinct) e.alignments.push_back({pair.name, pair.between, std::move(alignment)});
  }
  if (subject.first_gradient) {
    const auto gradient = [&](int64_t k) {
      return subject.first_gradient(batch_rows(features.a, k, features.batch),
                                    batch_rows(features.b, k, features.batch));
    };
    const auto& x = e.linear ? e.last.contrast.mean : e.representation->contrast.mean;
    e.first_layer = first_layer_growth(gradient, batches, subject.first, subject.second, x.contrast());
  }
  if (settings.attribution) attribute(e, subject, source, held_out_places(features), options, context);
  return e;
}

}  // namespace directclr::causes
