#include "directclr/train/online_head.h"

#include "directclr/train/contrastive_model.h"

namespace directclr::train {

OnlineHead::OnlineHead(int64_t representation, int64_t classes, torch::Device device,
                       const distributed::ProcessGroup& group)
    : linear_(representation, classes) {
  const torch::NoGradGuard no_grad;
  linear_->weight.zero_();
  linear_->bias.zero_();
  linear_->to(device);
  optimizer_ = optim::make_sgd(named_tensors(*linear_, "", false), 0.9, 0);
  gradients_ = std::make_unique<distributed::GradientSum>(linear_->parameters(), group);
}

torch::Tensor OnlineHead::step(const torch::Tensor& r, const torch::Tensor& labels, int64_t total,
                               double share_of_peak) {
  const torch::Tensor scores = linear_(r.detach().to(torch::kFloat));
  optimizer_->zero_grad();
  const torch::Tensor loss =
      torch::cross_entropy_loss(scores, labels, {}, at::Reduction::Sum) / static_cast<double>(total);
  gradients_->begin();
  loss.backward();
  gradients_->finish();
  optimizer_->step(0.1 * share_of_peak);
  return scores.detach().argmax(1).eq(labels).sum();
}

void OnlineHead::add_state(TrainingState& state) const {
  for (const auto& item : named_tensors(*linear_, "head/", false)) state.push_back(item);
  for (const auto& [name, tensor] : optimizer_->state()) state.emplace_back("head_optimizer/" + name, tensor);
}

}  // namespace directclr::train
