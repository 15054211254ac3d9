#include "directclr/train/gradient_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "directclr/loss/contrastive.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

TrainSettings settings_with(const std::string& projector, const std::string& loss) {
  TrainSettings settings;
  settings.data = "fashion-mnist";
  settings.encoder.arch = "basic:1,1,1,1:4";
  settings.encoder.stem = "small";
  settings.augment.image_size = 16;
  settings.projector.projector = projector;
  settings.projector.projector_dim = 6;
  settings.projector.d0 = 8;
  settings.loss.loss = loss;
  settings.batch_size = 12;
  settings.resolve({"image_size", "d0"});
  return settings;
}

ContrastiveModel double_model(const TrainSettings& settings) {
  ContrastiveModel model = make_model(settings);
  model.encoder->to(torch::kDouble);
  model.projector->to(torch::kDouble);
  model.encoder->train();
  model.projector->train();
  return model;
}

std::vector<optim::NamedTensor> all_parameters(const ContrastiveModel& model) {
  auto parameters = named_tensors(*model.encoder, "encoder/", false);
  for (const auto& item : named_tensors(*model.projector, "projector/", false)) parameters.push_back(item);
  return parameters;
}

// N / m processes without synchronised normalisation: each part through the model with a graph, embeddings gathered,
// one loss over all of them, one backward.
double reference(ContrastiveModel& model, const torch::Tensor& images, int64_t m, const loss::LossSettings& settings) {
  const int64_t n = images.size(0) / 2;
  std::vector<torch::Tensor> a, b;
  for (int64_t first = 0; first < n; first += m) {
    const torch::Tensor part = torch::cat({images.narrow(0, first, m), images.narrow(0, n + first, m)});
    const torch::Tensor z = model.projector->forward(model.encoder->forward(part), 3);
    a.push_back(z.narrow(0, 0, m));
    b.push_back(z.narrow(0, m, m));
  }
  const torch::Tensor loss = settings.loss == "infonce" ? loss::info_nce(torch::cat(a), torch::cat(b), settings.tau)
                                                        : loss::nt_xent(torch::cat(a), torch::cat(b), settings.tau);
  loss.backward();
  return loss.item<double>();
}

TEST(AccumulateGradients, MicroBatchesEqualProcessesWithoutSynchronisedNormalisation) {
  for (const char* projector : {"none", "direct", "linear", "mlp", "diagonal", "random-dropout"}) {
    for (const char* loss : {"infonce", "ntxent"}) {
      const TrainSettings settings = settings_with(projector, loss);
      torch::manual_seed(4);
      const torch::Tensor images = torch::randn({24, 3, 16, 16}, torch::kDouble);
      for (const int64_t m : {2, 4, 6}) {
        ContrastiveModel ours = double_model(settings), theirs = double_model(settings);
        const StepOutput out = accumulate_gradients(ours, images, 3, settings.loss, m, false);
        EXPECT_NEAR(out.loss, reference(theirs, images, m, settings.loss), 1e-12) << projector << " " << loss;
        const auto mine = all_parameters(ours), expected = all_parameters(theirs);
        for (size_t i = 0; i < mine.size(); ++i) {
          EXPECT_EQ(mine[i].second.grad().defined(), expected[i].second.grad().defined()) << mine[i].first;
          if (!expected[i].second.grad().defined()) continue;
          EXPECT_TRUE(test::all_close(mine[i].second.grad(), expected[i].second.grad(), 1e-10, 1e-14))
              << projector << " " << loss << " m " << m << " " << mine[i].first;
        }
        // The running statistics too: once a part, from the pass with the graph alone.
        const auto buffers = ours.encoder->named_buffers(), wanted = theirs.encoder->named_buffers();
        for (const auto& item : wanted) {
          EXPECT_TRUE(test::all_close(buffers[item.key()], item.value(), 1e-12)) << item.key();
        }
      }
    }
  }
}

TEST(AccumulateGradients, OnePartIsTheWholeBatch) {
  const TrainSettings settings = settings_with("mlp", "infonce");
  torch::manual_seed(5);
  const torch::Tensor images = torch::randn({24, 3, 16, 16}, torch::kDouble);
  ContrastiveModel ours = double_model(settings), whole = double_model(settings);
  const StepOutput part = accumulate_gradients(ours, images, 0, settings.loss, 12, false);
  const StepOutput all = accumulate_gradients(whole, images, 0, settings.loss, 0, false);
  EXPECT_EQ(part.loss, all.loss);
  EXPECT_TRUE(at::equal(part.z, all.z));
  EXPECT_EQ(part.r.size(0), 24);
  EXPECT_THROW(accumulate_gradients(ours, images, 0, settings.loss, 5, false), c10::Error);
  EXPECT_THROW(accumulate_gradients(ours, images, 0, settings.loss, 1, false), c10::Error);
}

}  // namespace
}  // namespace directclr::train
