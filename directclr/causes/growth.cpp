#include "directclr/causes/growth.h"

#include <algorithm>
#include <cmath>

#include "directclr/causes/estimate.h"
#include "directclr/causes/rows.h"
#include "directclr/linalg/scatter.h"
#include "directclr/linalg/svd.h"
#include "directclr/report/statistics.h"
#include "directclr/spectrum/layer_alignment.h"

namespace directclr::causes {

using array::Array;

namespace {

int64_t count_sign_differences(const Estimate& exact, const std::vector<double>& predicted) {
  int64_t count = 0;
  for (size_t k = 0; k < predicted.size(); ++k) {
    count += (exact.below[k] && predicted[k] > 0) || (exact.above[k] && predicted[k] < 0);
  }
  return count;
}

// Directions v_k in rows, W v_k, and its length.
struct Directions {
  Array v, image;
  std::vector<double> size;
  bool singular = false;
};

Directions directions_of(const LinearMap& map, const Array& eigenvectors) {
  Directions d{eigenvectors, eigenvectors, {}, false};
  if (!map.is_identity()) {
    d.singular = spectrum::has_distinct_values(linalg::singular_values(map.weight, linalg::SvdMethod::kGram));
    if (d.singular) d.v = linalg::thin_svd(map.weight).v;
    d.image = products_of_rows(d.v, map.weight);
  }
  for (const double square : row_products(d.image, d.image)) d.size.push_back(std::sqrt(square));
  const double least = 1e-6 * *std::max_element(d.size.begin(), d.size.end());
  std::vector<int64_t> reached;
  for (size_t k = 0; k < d.size.size(); ++k) {
    if (d.size[k] > least) reached.push_back(static_cast<int64_t>(k));
  }
  d.v = d.v.rows(reached);
  d.image = d.image.rows(reached);
  std::erase_if(d.size, [&](double size) { return !(size > least); });
  return d;
}

}  // namespace

Growth growth(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, const LinearMap& map,
              const LossGradients& gradients, const Array& x, const Array& eigenvectors) {
  const Directions d = directions_of(map, eigenvectors);
  const size_t count = d.size.size();
  std::vector<std::vector<double>> samples;
  for (int64_t k = 0; k < batches; ++k) {
    const ViewBatch rows = batch(k);
    const auto [of_a, of_b] = gradients(rows.z_a, rows.z_b);
    // (W v)^T G v with G = sum_i g_i h_i^T: of each direction sum_i (g_i . W v) (h_i . v).
    std::vector<double> rates(count, 0);
    for (const auto& [g, h] : {std::pair(&of_a, &rows.h_a), std::pair(&of_b, &rows.h_b)}) {
      const auto sums = row_products(products_of_rows(d.image, *g), products_of_rows(d.v, *h));
      for (size_t j = 0; j < count; ++j) rates[j] -= sums[j] / (d.size[j] * d.size[j]);
    }
    samples.push_back(std::move(rates));
  }
  const Estimate exact = estimate(samples);
  Growth result;
  result.singular = d.singular;
  result.size = d.size;
  result.exact = exact.mean;
  result.standard_error = exact.error;
  const Array turned = linalg::product(d.v, x);  // X v in rows
  result.lemma2 = row_products(d.image, map.is_identity() ? turned : products_of_rows(turned, map.weight));
  for (size_t k = 0; k < count; ++k) result.lemma2[k] /= d.size[k] * d.size[k];
  result.rank_correlation = report::rank_correlation(result.exact, result.lemma2);
  result.signs_differ = count_sign_differences(exact, result.lemma2);
  result.shrinking = std::count(exact.below.begin(), exact.below.end(), true);
  return result;
}

FirstLayerGrowth first_layer_growth(const std::function<Array(int64_t)>& gradient, int64_t batches, const Array& first,
                                    const Array& second, const Array& x) {
  const linalg::Svd one = linalg::thin_svd(first);
  const auto two = linalg::singular_values(second, linalg::SvdMethod::kGram);
  const auto pairs = static_cast<int64_t>(std::min(one.sigma.size(), two.size()));
  const Array u = one.u.slice(0, pairs).contiguous(), v = one.v.slice(0, pairs).contiguous();
  std::vector<std::vector<double>> samples;
  for (int64_t k = 0; k < batches; ++k) {
    std::vector<double> rates = row_products(linalg::product(u, gradient(k)), v);
    for (double& rate : rates) rate = -rate;
    samples.push_back(std::move(rates));
  }
  const Estimate exact = estimate(samples);
  FirstLayerGrowth result;
  result.size.assign(one.sigma.begin(), one.sigma.begin() + pairs);
  result.exact = exact.mean;
  result.standard_error = exact.error;
  result.theorem3 = along(v, x);
  for (size_t k = 0; k < result.size.size(); ++k) result.theorem3[k] *= result.size[k] * two[k] * two[k];
  result.rank_correlation = report::rank_correlation(result.exact, result.theorem3);
  result.signs_differ = count_sign_differences(exact, result.theorem3);
  return result;
}

}  // namespace directclr::causes
