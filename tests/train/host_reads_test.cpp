// A step's host only gives orders: it reads no number back from the device, which would then wait for the next order.
// On the CPU nothing waits, but the operations by which a number is read are the same.
#include "tests/support/host_reads.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/orthogonal.h"
#include "directclr/optim/optimizer.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/gradient_step.h"
#include "directclr/train/trainer.h"
#include "tests/support/small_training.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

using test::HostReads;

TEST(HostReads, AreSeen) {
  const at::Tensor number = at::full({}, 2.0);
  const HostReads reads;
  EXPECT_EQ(number.item<double>(), 2);
  EXPECT_EQ(reads.count(), 1);
  EXPECT_TRUE(at::equal(number, number));
  EXPECT_GT(reads.count(), 1);
}

int reads_of_a_step(const std::string& projector, const std::string& loss, double tau, int64_t micro_batch,
                    at::ScalarType type) {
  settings::TrainSettings settings = test::small_step(projector, loss, /*batch_size=*/8, /*width=*/8);
  settings.loss.tau = tau;
  ContrastiveModel model = make_model(settings);
  if (type == at::kDouble) {
    model.encoder->to(type);
    model.projector->to(type);
  }
  const StepViews views{at::randn({16, 3, 16, 16}, type), at::randn({16, 3, 8, 8}, type)};
  const HostReads reads;
  accumulate_gradients(model, views, 3, settings.loss, micro_batch, false);
  return reads.count();
}

// In double precision the losses go the way that they go on devices.
TEST(HostReads, AreNoneInForwardAndBackward) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const auto& loss : loss::loss_functions().names()) {
      EXPECT_EQ(reads_of_a_step("mlp", loss, 0.1, 0, type), 0) << loss;
    }
    EXPECT_EQ(reads_of_a_step("direct", "infonce", 0.01, 0, type), 0) << "log-sums by running maxima";
    EXPECT_EQ(reads_of_a_step("mlp", "infonce", 0.1, 4, type), 0) << "micro-batches";
  }
  for (const auto& projector : model::projector_makers().names()) {
    if (projector == "orthogonal") continue;  // below
    EXPECT_EQ(reads_of_a_step(projector, "infonce", 0.1, 0, at::kFloat), 0) << projector;
  }
}

TEST(HostReads, AreNoneOfTheOrthogonalProjectorOnDevices) {
  const at::Tensor a = at::randn({24, 24}).requires_grad_(), direction = at::randn({24, 24});
  const HostReads reads;
  (model::orthogonal_from(a, /*host_looks=*/false) * direction).sum().backward();
  EXPECT_EQ(reads.count(), 0);
}

TEST(HostReads, AreNoneOfAnyOptimizer) {
  for (const auto& name : optim::optimizer_makers().names()) {
    settings::OptimSettings settings;
    settings.optimizer = name;
    at::Tensor matrix = at::randn({4, 3}).requires_grad_(), bias = at::randn({3}).requires_grad_();
    const auto optimizer = optim::make_optimizer(settings, {{"matrix", matrix}, {"bias", bias}});
    (matrix.sum() + bias.sum()).backward();
    const HostReads reads;
    optimizer->step(0.1);
    EXPECT_EQ(reads.count(), 0) << name;
  }
}

class SparseLooks : public test::SmallTraining {
 protected:
  SparseLooks() {
    settings_.epochs = 3;  // 12 steps in all
    settings_.log_every = 5;
    settings_.monitor_every = 1;
    settings_.checkpoint_every = 2;
    settings_.keep_best = "loss";
    settings_.resolve({});
  }

  TrainResult train_with(const std::string& name, bool every_loss, const Parts& parts = {}) const {
    TrainOptions options;
    options.every_loss = every_loss;
    return train(settings_, parts, run(name), options);
  }
};

TEST_F(SparseLooks, ReadNothingBetweenThem) {
  for (const char* optimizer : {"lars", "adamw"}) {
    settings_.optimizer.optimizer = optimizer;
    std::vector<int> counts;  // after every step
    Parts parts;
    parts.callbacks.on_step = [&](const StepReport&) {
      counts.push_back(HostReads::count());
      return Then::kGoOn;
    };
    const HostReads reads;
    train_with(optimizer, false, parts);
    ASSERT_EQ(counts.size(), 12U);
    for (const size_t step : {2U, 3U, 6U, 7U, 11U}) {  // not the first, an epoch's last, or a logged one
      EXPECT_EQ(counts[step - 1], counts[step - 2]) << optimizer << ", step " << step;
    }
  }
}

// The same run: what is written differs in nothing but times.
TEST_F(SparseLooks, ChangeNoResult) {
  const TrainResult often = train_with("often", true), seldom = train_with("seldom", false);
  EXPECT_EQ(seldom.last_loss, often.last_loss);
  for (const auto& file : {run("often").checkpoints().front()}) {
    const auto a = tensor::read_safetensors(run("often").checkpoint(file)),
               b = tensor::read_safetensors(run("seldom").checkpoint(file));
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [name, tensor] : a.tensors) EXPECT_TRUE(test::identical(*b.find(name), tensor)) << name;
  }
  const auto best = [&](const char* name) { return tensor::read_safetensors(run(name).best()).metadata.at("value"); };
  EXPECT_EQ(best("seldom"), best("often"));
}

// It may be told later, but names the step where it happened, and nothing is saved after it.
TEST_F(SparseLooks, NameTheStepWhoseLossWasNotFinite) {
  std::string messages[2];
  for (const bool every_loss : {true, false}) {
    Parts parts;
    int64_t step = 0;
    parts.loss = [&](const torch::Tensor& z_a, const torch::Tensor& z_b, const distributed::Rows&) {
      return (z_a - z_b).square().mean() * (++step == 6 ? NAN : 1);
    };
    settings_.log_every = 100;
    const std::string name = every_loss ? "at-once" : "later";
    try {
      train_with(name, every_loss, parts);
      ADD_FAILURE() << "expected an error";
    } catch (const NumericalError& error) {
      messages[every_loss] = error.what();
    }
    EXPECT_EQ(step, every_loss ? 6 : 8) << "seen there";
    EXPECT_TRUE(run(name).checkpoints().empty());
  }
  EXPECT_NE(messages[0].find("not finite at step 6 "), std::string::npos) << messages[0];
  EXPECT_EQ(messages[0], messages[1]);
}

}  // namespace
}  // namespace directclr::train
