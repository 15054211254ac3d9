#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/settings/eval_settings.h"

namespace directclr::eval {

/// Top-1 accuracy, in [0, 1], of the weighted k-NN vote (Wu et al. 2018): the k training rows nearest in cosine vote
/// for their class with weight exp(cosine / temperature); on a tie the lower class wins. Requires: bank (N, D),
/// bank_labels (N), queries (M, D), labels (M); labels in 0 .. classes-1; k is cut to N.
double knn_accuracy(const at::Tensor& bank, const at::Tensor& bank_labels, const at::Tensor& queries,
                    const at::Tensor& labels, int64_t classes, const settings::KnnSettings& settings);

}  // namespace directclr::eval
