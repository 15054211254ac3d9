#pragma once

#include <string>
#include <vector>

namespace directclr::cli {

/// The settings of a training that `--help` shows; `--help-all` shows all.
inline const std::vector<std::string> kCommonTrainSettings = {
    "data",      "epochs",    "batch_size", "seed",      "preset",   "image_size",
    "arch",      "stem",      "projector",  "d0",        "loss",     "tau",
    "optimizer", "lr",        "device",     "threads",   "skip_bad", "checkpoint_every",
    "keep_best", "knn_every", "stop_under", "stop_over", "stop_on",  "grace_epochs"};

/// Of these such as change what a training costs or what is compared.
inline const std::vector<std::string> kCommonCostSettings = {"data",       "limit", "epochs", "batch_size",
                                                             "image_size", "arch",  "stem",   "projector",
                                                             "d0",         "lr",    "device", "threads"};

/// Of the augmentation.
inline const std::vector<std::string> kCommonViewSettings = {"preset", "image_size", "crop_scale_min", "local_views"};

}  // namespace directclr::cli
