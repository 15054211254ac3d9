#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "directclr/experiment/results.h"

namespace directclr::experiment {

// Three seeds of the variants of Table 1, and one failed run.
inline Results made_up() {
  Results results;
  results.scale = "smoke";
  results.data = "a <set>";
  results.images = 100;
  results.test_images = 50;
  results.widths = {4, 2, {1, 2, 4}};
  results.made_by = "directclr reproduce all";
  results.version = "1";
  results.machine = {{"processor", "a processor"}};
  results.settings = {{"epochs", "2"}, {"tau", "0.1"}};
  results.evaluation = {{"cached", "true"}, {"feature_limit", "0"}};
  const auto add = [&](const std::string& variant, int64_t seed, double top1, double rank, std::vector<double> values) {
    RunRecord run;
    run.variant = variant;
    run.seed = seed;
    run.id = variant + "-s" + std::to_string(seed);
    run.top1 = top1;
    run.knn = top1 * top1;  // not in proportion to the probe's
    run.columns_top1 = {{"0:2", top1 - 0.1 - 0.01 * static_cast<double>(seed * seed)}};
    report::SpectrumResult s;
    s.values = std::move(values);
    s.below_1e_4 = std::count_if(s.values.begin(), s.values.end(), [&](double v) { return v < 1e-4 * s.values[0]; });
    s.effective_rank_lambda = rank;
    s.samples = 50;
    s.split = "test";
    run.spectra = {{"representation", s}, {"embedding", s}};
    results.runs.push_back(std::move(run));
  };
  // No two seeds have the same number of anything, and none is the mean of the others.
  const double shifts[] = {0, 0.01, 0.05};
  for (int64_t seed = 0; seed < 3; ++seed) {
    const double shift = shifts[seed], tenfold = std::pow(10.0, static_cast<double>(seed));
    add("none", seed, 0.50 + shift, 1.5 + 10 * shift, {4 * tenfold, 2, seed == 1 ? 1 : 1e-5, 1e-6});
    add("linear", seed, 0.55 + shift, 2 + 20 * shift, {4, 2, 1, seed == 2 ? 1 : 1e-6});
    add("direct-2", seed, 0.56 + 2 * shift, 2.5 + 10 * shift, {4, 3, 2, 1 / tenfold});
  }
  add("mlp", 0, 0.7, 3, {4, 3, 2, 2});
  RunRecord failed;
  failed.variant = "direct-1";
  failed.id = "direct-1-s0";
  failed.problem = "no space";
  results.runs.push_back(failed);
  return results;
}

}  // namespace directclr::experiment
