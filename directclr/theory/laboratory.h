#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "directclr/core/settings.h"
#include "directclr/theory/descent.h"

namespace directclr::theory {

/// The settings of an experiment with linear contrastive models. Defaults: the paper's toy model (Section 5: 16 x 16
/// weights, isotropic data, noise on the last half of the dimensions, plain gradient descent).
struct LaboratorySettings {
  int64_t layers = 2;
  int64_t width = 16;
  bool relu = false;
  InitialWeights initial;

  std::string preset = "paper";
  std::string similarity = "distance";
  std::string negatives = "same";
  double temperature = 1;

  int64_t points = 10000;
  int64_t batch_size = 128;
  std::string data_covariance = "identity";
  std::string noise_covariance = "block";
  double k = 0.1;
  int64_t noised = -1;
  std::string noise_sides = "one";

  int64_t iterations = 4000;
  double learning_rate = 0.1;
  int64_t seed = 0;
  int64_t seeds = 5;
  int64_t threads = 0;

  void describe(FieldList& fields);

  /// Fills in what a preset stands for, apart from the settings named in `given`, and checks what ranges alone cannot.
  /// Throws InputError.
  void resolve(const std::set<std::string>& given);

  LossForm loss() const;
  Descent descent() const { return {learning_rate, iterations, batch_size}; }
  /// The data set and the network of the i-th seed.
  GaussianData data(int64_t i) const;
  Network network(int64_t i) const;

  /// One line that says how numbers were obtained. `instead`: by their names, texts in the place of settings that were
  /// not what they are here: batch_size, learning_rate, initial_scale.
  std::string protocol(const std::map<std::string, std::string>& instead = {}) const;
};

}  // namespace directclr::theory
