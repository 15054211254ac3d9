#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

/// The weighted nearest-neighbour classifier.
struct KnnSettings {
  int64_t k = 20;
  double knn_temperature = 0.07;

  void describe(FieldList& f) {
    f.section("knn");
    f.add("k", k, 1, 10000, "neighbours that vote");
    f.add("knn_temperature", knn_temperature, 1e-3, 100, "votes are weighted by exp(cosine / temperature)");
  }
};

/// The linear classifier on frozen features.
struct ProbeSettings {
  bool cached = false;
  bool random_init = false;
  std::string dims = "";
  int64_t probe_epochs = 100;
  int64_t probe_batch_size = 256;
  double probe_lr = 0.1;
  double probe_momentum = 0.9;
  double probe_weight_decay = 1e-6;
  double held_out = 0.1;

  void describe(FieldList& f) {
    f.section("probe");
    f.add("cached", cached,
          "compute the features once, without augmentation, and fit the classifier by L-BFGS, with the L2 strength "
          "chosen on held-out images; without it the classifier is trained by SGD on random crops");
    f.add("random_init", random_init, "probe the untrained encoder: the baseline to compare accuracies with");
    f.add("dims", dims, "columns of the representation, FIRST:END, e.g. 0:90 (Appendix F); empty: all");
    f.add("probe_epochs", probe_epochs, 1, 10000, "epochs of SGD on random crops and flips");
    f.add("probe_batch_size", probe_batch_size, 1, 65536, "images a step of SGD");
    f.add("probe_lr", probe_lr, 1e-6, 1000, "learning rate of SGD, cosine to 0");
    f.add("probe_momentum", probe_momentum, 0, 0.9999, "momentum of SGD");
    f.add("probe_weight_decay", probe_weight_decay, 0, 10, "weight decay of SGD");
    f.add("held_out", held_out, 0.01, 0.5, "cached: fraction of the training images used to choose the L2 strength");
  }
};

/// Everything that is asked of a finished run at once.
struct EvaluationSettings {
  ProbeSettings probe;
  KnnSettings knn;
  int64_t feature_limit = 0;

  void describe(FieldList& f) {
    probe.describe(f);
    knn.describe(f);
    f.section("evaluation");
    f.add("feature_limit", feature_limit, 0, 1e12, "use at most this many images of each split, evenly spread; 0: all");
  }
};

}  // namespace directclr::settings
