#pragma once

// The laboratory shares out its work itself.
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

namespace directclr::theory {

/// Weights are (out, in). Sets of vectors are (features, samples): a sample is a column, and since storage is by rows,
/// the loops over samples run over neighbouring numbers.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using Index = Eigen::Index;

}  // namespace directclr::theory
