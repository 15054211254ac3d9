#include "directclr/report/explanation_figures.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/json.h"
#include "directclr/core/text.h"

namespace directclr::report {
namespace {

using Values = std::vector<double>;

Values ranks(size_t count) {
  Values x;
  for (size_t k = 1; k <= count; ++k) x.push_back(static_cast<double>(k));
  return x;
}

Series with_band(const std::string& name, const Values& y, const Values& error) {
  Series series{name, ranks(y.size()), y};
  for (size_t k = 0; k < y.size(); ++k) {
    series.low.push_back(y[k] - 2 * error[k]);
    series.high.push_back(y[k] + 2 * error[k]);
  }
  return series;
}

}  // namespace

Figure spreads_figure(const ExplanationResult::Contrast& x, const std::string& layer) {
  Figure figure{"How much differs along each direction, " + layer,
                "direction, by data minus augmentation, largest first", "mean squared difference (weighted)", true};
  const Values &data = x.data_along, &augmentation = x.augmentation_along;
  const double floor = 1e-12 * *std::max_element(data.begin(), data.end());
  for (const auto& [name, values] : {std::pair("between images (data)", &data),
                                     std::pair("between views of one image (augmentation)", &augmentation)}) {
    Series series{name, ranks(values->size()), *values};
    for (double& y : series.y) y = std::max(y, floor);
    figure.series.push_back(std::move(series));
  }
  return figure;
}

Figure ratios_figure(const ExplanationResult::Contrast& x, const std::string& layer) {
  Figure figure{"Augmentation over data along each direction, " + layer,
                "direction, by data minus augmentation, largest first", "augmentation / data"};
  const Values &data = x.data_along, &augmentation = x.augmentation_along;
  const double least = 1e-6 * *std::max_element(data.begin(), data.end());
  Series ratio{"between views of one image, over between images", ranks(data.size()), {}};
  for (size_t k = 0; k < data.size(); ++k) ratio.y.push_back(data[k] > least ? augmentation[k] / data[k] : NAN);
  Series even{"as much", {1, static_cast<double>(data.size())}, {1, 1}};
  even.color_of = 0;
  even.dashed = true;
  figure.series = {std::move(ratio), std::move(even)};
  if (!x.certain || x.certain->empty()) return figure;
  Series counted{"counted: beyond chance", {}};
  for (const int64_t k : *x.certain) {
    if (k < 0 || k >= static_cast<int64_t>(data.size())) throw JsonError("'certain' names no direction");
    counted.x.push_back(static_cast<double>(k + 1));
    counted.y.push_back(figure.series[0].y[static_cast<size_t>(k)]);
  }
  counted.color_of = 0;
  counted.points = true;
  figure.series.push_back(std::move(counted));
  return figure;
}

Figure eigenvalues_figure(const ExplanationResult::Contrast& x) {
  Figure figure{"Eigenvalues of X", "direction, largest eigenvalue first", "eigenvalue / largest"};
  Values values = x.eigenvalues, held_out = x.held_out, error = x.standard_error;
  const double largest = values.empty() || values[0] <= 0 ? 1 : values[0];
  for (auto* list : {&values, &held_out, &error}) {
    for (double& v : *list) v /= largest;
  }
  figure.series = {with_band("on images that had no part in finding the directions: counted", held_out, error),
                   {"on the images that the directions were found on: not counted", ranks(values.size()), values}};
  for (size_t i = 0; i < 2; ++i) figure.series[i].color = i;  // their names are no methods'
  return figure;
}

Figure shares_figure(const ExplanationResult::Contrast& x) {
  constexpr size_t kBins = 40;
  constexpr double kEnd = 2;
  const Values &data = x.data_along, &augmentation = x.augmentation_along;
  Values count(kBins, 0), centre;
  for (size_t k = 0; k < data.size(); ++k) {
    if (!(data[k] > 0)) continue;
    const double share = std::clamp(augmentation[k] / data[k], 0.0, kEnd - 1e-9);
    count[static_cast<size_t>(share / kEnd * kBins)] += 1;
  }
  for (size_t bin = 0; bin < kBins; ++bin) centre.push_back((static_cast<double>(bin) + 0.5) * kEnd / kBins);
  Figure figure{"Histogram: augmentation over data", "Sigma1 / Sigma0 along an eigenvector (above 1: shrinks)",
                "directions"};
  figure.series = {{"eigenvectors of X", centre, count}};
  return figure;
}

Figure growth_figure(const std::vector<double>& exact, const std::vector<double>& standard_error,
                     std::vector<double> prediction, const std::string& label, const std::string& title,
                     const std::string& axis) {
  // The two losses differ in scale: the prediction is drawn with the size of the truth.
  double ours = 0, theirs = 0;
  for (size_t k = 0; k < exact.size(); ++k) {
    ours += exact[k] * exact[k];
    theirs += prediction[k] * prediction[k];
  }
  const double factor = ours > 0 && theirs > 0 ? std::sqrt(ours / theirs) : 1;
  for (double& p : prediction) p *= factor;
  Figure figure{title, "direction", axis};
  figure.series = {with_band("loss as trained (Lemma 4)", exact, standard_error),
                   {label + format(", times %.2g", factor), ranks(prediction.size()), prediction}};
  figure.series[1].dashed = true;
  return figure;
}

}  // namespace directclr::report
