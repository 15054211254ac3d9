#pragma once

#include "directclr/theory/network.h"

namespace directclr::theory {

/// Singular values of the covariance of a network's embeddings of the points of a data set (Eqn 1; without noise),
/// descending, (d). Of a linear network over all points, through factors, so that values far below the largest keep
/// their digits; with ReLU over at most the first 2,000 points.
Vector embedding_spectrum(const Network& network, const GaussianData& data);

}  // namespace directclr::theory
