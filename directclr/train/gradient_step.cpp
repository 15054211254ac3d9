#include "directclr/train/gradient_step.h"

#include <vector>

#include "directclr/loss/contrastive.h"
#include "directclr/train/device.h"

namespace directclr::train {
namespace {

// z: (views N, P), view by view.
torch::Tensor loss_of(const torch::Tensor& z, int64_t views, const PairLoss& loss, const distributed::Rows& rows) {
  const auto z_of = z.chunk(views);
  const auto of_pair = [&](size_t i, size_t j) {
    torch::Tensor value = loss(z_of[i], z_of[j], rows);
    TORCH_CHECK(value.defined() && value.numel() == 1, "[accumulate_gradients] expected a loss of one number, got ",
                value.defined() ? c10::str(value.sizes()) : "nothing");
    return value;
  };
  torch::Tensor sum = of_pair(0, 1);
  if (views == 2) return sum;
  for (size_t small = 2; small < z_of.size(); ++small) sum = sum + of_pair(0, small) + of_pair(1, small);
  return sum / static_cast<double>(1 + 2 * (views - 2));
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
  torch::Tensor r, z;  // rows of all views, view by view
};

Encoded encode(const Network& model, const StepViews& views, int64_t step, bool bfloat16) {
  const Autocast autocast(views.global.device(), bfloat16);
  torch::Tensor r = model.encoder.forward(views.global);
  if (views.local.defined()) r = torch::cat({r, model.encoder.forward(views.local)});
  return {r, model.projector->forward(r, step)};
}

StepOutput in_one_pass(const Network& model, const StepViews& images, int64_t views, int64_t step, const PairLoss& pair,
                       bool bfloat16, const distributed::Rows& rows, distributed::GradientSum* gradients) {
  const auto [r, z] = encode(model, images, step, bfloat16);
  const torch::Tensor loss = loss_of(z, views, pair, rows);
  if (gradients) gradients->begin();
  loss.backward();
  if (gradients) gradients->finish();
  const int64_t large = images.global.size(0);
  return {r.detach().narrow(0, 0, large), z.detach().narrow(0, 0, large), loss.detach()};
}

// The rows of images [first, first + count) of n, in every view.
torch::Tensor part_of(const torch::Tensor& all, int64_t n, int64_t first, int64_t count) {
  return all.unflatten(0, {all.size(0) / n, n}).narrow(1, first, count).flatten(0, 1);
}
StepViews part_of(const StepViews& views, int64_t n, int64_t first, int64_t count) {
  return {part_of(views.global, n, first, count),
          views.local.defined() ? part_of(views.local, n, first, count) : torch::Tensor()};
}

// The parts of part_of(.., 0, m), part_of(.., m, m), ... put together again.
torch::Tensor whole_of(std::vector<torch::Tensor> parts, int64_t m) {
  for (auto& part : parts) part = part.unflatten(0, {part.size(0) / m, m});
  return torch::cat(parts, 1).flatten(0, 1);
}

}  // namespace

PairLoss pair_loss(const settings::LossSettings& settings) {
  return [settings, function = loss::loss_function(settings.loss)](const torch::Tensor& z_a, const torch::Tensor& z_b,
                                                                   const distributed::Rows& rows) {
    return function(z_a, z_b, settings, rows);
  };
}

StepOutput accumulate_gradients(const Network& model, const StepViews& images, int64_t step, const PairLoss& pair,
                                int64_t micro_batch, bool bfloat16, const distributed::Rows& rows,
                                distributed::GradientSum* gradients) {
  const int64_t large = images.global.size(0), count = large / 2;
  const int64_t views = 2 + (images.local.defined() ? images.local.size(0) / count : 0);
  if (micro_batch == 0 || micro_batch == count) {
    return in_one_pass(model, images, views, step, pair, bfloat16, rows, gradients);
  }
  TORCH_CHECK(micro_batch >= 2 && count % micro_batch == 0,
              "[accumulate_gradients] expected a micro-batch of at least 2 ", "that divides the batch of ", count,
              ", got ", micro_batch);
  std::vector<torch::Tensor> r_parts, z_parts;
  {
    const torch::NoGradGuard no_grad;
    const FrozenRunningStatistics frozen_encoder(*model.encoder.module), frozen_projector(*model.projector);
    for (int64_t first = 0; first < count; first += micro_batch) {
      const auto [r, z] = encode(model, part_of(images, count, first, micro_batch), step, bfloat16);
      r_parts.push_back(r.narrow(0, 0, 2 * micro_batch));
      z_parts.push_back(z);
    }
  }
  const torch::Tensor z = whole_of(z_parts, micro_batch).requires_grad_(true);
  const torch::Tensor loss = loss_of(z, views, pair, rows);
  loss.backward();
  for (int64_t first = 0; first < count; first += micro_batch) {
    const Encoded part = encode(model, part_of(images, count, first, micro_batch), step, bfloat16);
    if (gradients && first + micro_batch == count) gradients->begin();
    part.z.backward(part_of(z.grad(), count, first, micro_batch));
  }
  if (gradients) gradients->finish();
  return {whole_of(r_parts, micro_batch), z.detach().narrow(0, 0, large), loss.detach()};
}

}  // namespace directclr::train
