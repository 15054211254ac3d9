#include "directclr/train/gradient_step.h"

#include <vector>

#include "directclr/loss/contrastive.h"
#include "directclr/train/device.h"

namespace directclr::train {
namespace {

torch::Tensor loss_of(const torch::Tensor& z, const loss::LossSettings& settings, const dist::Rows& rows) {
  const auto views = z.chunk(2);
  return settings.loss == "infonce" ? loss::info_nce(views[0], views[1], settings.tau, rows)
                                    : loss::nt_xent(views[0], views[1], settings.tau, rows);
}

// While one lives, batch normalisation normalises by its batch but leaves its running statistics alone.
class FrozenRunningStatistics {
 public:
  explicit FrozenRunningStatistics(torch::nn::Module& module) : module_(module) { update(false); }
  ~FrozenRunningStatistics() { update(true); }
  FrozenRunningStatistics(const FrozenRunningStatistics&) = delete;
  FrozenRunningStatistics& operator=(const FrozenRunningStatistics&) = delete;

 private:
  void update(bool yes) {
    for (const auto& part : module_.modules()) {
      if (auto* norm = part->as<model::BatchNormImpl>()) norm->update_statistics(yes);
    }
  }
  torch::nn::Module& module_;
};

struct Encoded {
  torch::Tensor r, z;
};

Encoded encode(ContrastiveModel& model, const torch::Tensor& images, int64_t step, bool bfloat16) {
  const Autocast autocast(images.device(), bfloat16);
  const torch::Tensor r = model.encoder->forward(images);
  return {r, model.projector->forward(r, step)};
}

StepOutput in_one_pass(ContrastiveModel& model, const torch::Tensor& images, int64_t step,
                       const loss::LossSettings& settings, bool bfloat16, const dist::Rows& rows,
                       dist::GradientSum* gradients) {
  const auto [r, z] = encode(model, images, step, bfloat16);
  const torch::Tensor loss = loss_of(z, settings, rows);
  if (gradients) gradients->begin();
  loss.backward();
  if (gradients) gradients->finish();
  return {r.detach(), z.detach(), loss.item<double>()};
}

// Both views of images [first, first + count).
torch::Tensor part_of(const torch::Tensor& both_views, int64_t first, int64_t count) {
  const auto views = both_views.chunk(2);
  return torch::cat({views[0].narrow(0, first, count), views[1].narrow(0, first, count)});
}

// The parts of part_of(.., 0, m), part_of(.., m, m), ... put together again.
torch::Tensor whole_of(const std::vector<torch::Tensor>& parts) {
  std::vector<torch::Tensor> first, second;
  for (const auto& part : parts) {
    const auto views = part.chunk(2);
    first.push_back(views[0]);
    second.push_back(views[1]);
  }
  first.insert(first.end(), second.begin(), second.end());
  return torch::cat(first);
}

}  // namespace

StepOutput accumulate_gradients(ContrastiveModel& model, const torch::Tensor& images, int64_t step,
                                const loss::LossSettings& settings, int64_t micro_batch, bool bfloat16,
                                const dist::Rows& rows, dist::GradientSum* gradients) {
  const int64_t count = images.size(0) / 2;
  if (micro_batch == 0 || micro_batch == count) {
    return in_one_pass(model, images, step, settings, bfloat16, rows, gradients);
  }
  TORCH_CHECK(micro_batch >= 2 && count % micro_batch == 0,
              "[accumulate_gradients] expected a micro-batch of at least 2 ", "that divides the batch of ", count,
              ", got ", micro_batch);
  std::vector<torch::Tensor> r_parts, z_parts;
  {
    const torch::NoGradGuard no_grad;
    const FrozenRunningStatistics frozen_encoder(*model.encoder), frozen_projector(*model.projector);
    for (int64_t first = 0; first < count; first += micro_batch) {
      const auto [r, z] = encode(model, part_of(images, first, micro_batch), step, bfloat16);
      r_parts.push_back(r);
      z_parts.push_back(z);
    }
  }
  const torch::Tensor z = whole_of(z_parts).requires_grad_(true);
  const torch::Tensor loss = loss_of(z, settings, rows);
  loss.backward();
  for (int64_t first = 0; first < count; first += micro_batch) {
    const Encoded part = encode(model, part_of(images, first, micro_batch), step, bfloat16);
    if (gradients && first + micro_batch == count) gradients->begin();
    part.z.backward(part_of(z.grad(), first, micro_batch));
  }
  if (gradients) gradients->finish();
  return {whole_of(r_parts), z.detach(), loss.item<double>()};
}

}  // namespace directclr::train
