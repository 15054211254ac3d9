#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

struct OptimSettings {
  std::string optimizer = "lars";
  double lr = 0;
  double base_lr = 0;
  double momentum = 0.9;
  double weight_decay = -1;
  double lars_eta = 0.001;
  double warmup_epochs = 10;
  double final_lr_share = 0.001;

  void describe(FieldList& f) {
    f.section("optimizer");
    f.add("optimizer", optimizer, "update rule", {"lars", "sgd", "adamw"});
    f.add("lr", lr, 0, 1e4, "peak learning rate; 0: base_lr * batch_size / 256");
    f.add("base_lr", base_lr, 0, 1e4, "peak learning rate for a batch of 256; 0: 0.3 lars, 0.03 sgd, 0.001 adamw");
    f.add("momentum", momentum, 0, 0.9999, "momentum of lars and sgd");
    f.add("weight_decay", weight_decay, -1, 10, "not applied to biases and norms; -1: 1e-6 lars, 1e-4 sgd, 0.01 adamw");
    f.add("lars_eta", lars_eta, 1e-9, 10, "trust coefficient of lars");
    f.add("warmup_epochs", warmup_epochs, 0, 1e6,
          "epochs of linear warm-up (cut to a tenth of a run under 100 epochs)");
    f.add("final_lr_share", final_lr_share, 0, 1, "the cosine ends at this share of the peak");
  }

  double resolved_lr(int64_t batch_size) const {
    const double base = base_lr > 0 ? base_lr : optimizer == "lars" ? 0.3 : optimizer == "sgd" ? 0.03 : 0.001;
    return lr > 0 ? lr : base * static_cast<double>(batch_size) / 256;
  }
  double resolved_weight_decay() const {
    if (weight_decay >= 0) return weight_decay;
    return optimizer == "lars" ? 1e-6 : optimizer == "sgd" ? 1e-4 : 0.01;
  }
};

}  // namespace directclr::settings
