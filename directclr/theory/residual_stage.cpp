#include "directclr/theory/residual_stage.h"

#include "directclr/theory/random.h"

namespace directclr::theory {

Network residual_stage(const Matrix& encoder, const std::vector<Matrix>& blocks, const Matrix& projector) {
  Network stage;
  stage.weights.push_back(encoder);
  for (const auto& block : blocks) stage.weights.push_back(Matrix::Identity(block.rows(), block.cols()) + block);
  stage.weights.push_back(projector);
  return stage;
}

Matrix sub_vector(Index d0, Index channels) { return Matrix::Identity(d0, channels); }

Matrix random_combinations(RandomStream& random, Index d0, Index channels) {
  return random_orthogonal(random, channels).topRows(d0);
}

void stage_gradient(NetworkGradient& gradient, const Network& stage, const Views& views, std::vector<Matrix>& rates) {
  gradient(stage, views, rates);
  for (auto& rate : rates) rate /= static_cast<double>(views.x.cols());
  rates.back().setZero();
}

}  // namespace directclr::theory
