#include "directclr/train/gradient_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>

#include "directclr/loss/contrastive.h"
#include "tests/support/small_training.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

ContrastiveModel double_model(const settings::TrainSettings& settings) {
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
double reference(ContrastiveModel& model, const torch::Tensor& images, int64_t m,
                 const settings::LossSettings& settings) {
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
      const settings::TrainSettings settings = test::small_step(projector, loss, /*batch_size=*/12);
      torch::manual_seed(4);
      const torch::Tensor images = torch::randn({24, 3, 16, 16}, torch::kDouble);
      for (const int64_t m : {2, 4, 6}) {
        ContrastiveModel ours = double_model(settings), theirs = double_model(settings);
        const StepOutput out = accumulate_gradients(ours, {images, {}}, 3, settings.loss, m, false);
        EXPECT_NEAR(out.loss.item<double>(), reference(theirs, images, m, settings.loss), 1e-12)
            << projector << " " << loss;
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

// Two large and three local views, plainly: every pair with a large one in it.
TEST(AccumulateGradients, SmallViewsAreComparedWithTheLargeOnes) {
  for (const char* loss : {"infonce", "ntxent"}) {
    const settings::TrainSettings settings = test::small_step("mlp", loss, 12);
    torch::manual_seed(6);
    const StepViews views{torch::randn({24, 3, 16, 16}, torch::kDouble), torch::randn({36, 3, 8, 8}, torch::kDouble)};
    ContrastiveModel ours = double_model(settings), theirs = double_model(settings);
    const StepOutput out = accumulate_gradients(ours, views, 3, settings.loss, 0, false);
    EXPECT_EQ(out.r.size(0), 24);
    EXPECT_EQ(out.z.size(0), 24);
    const torch::Tensor r = torch::cat({theirs.encoder->forward(views.global), theirs.encoder->forward(views.local)});
    const auto z = theirs.projector->forward(r, 3).chunk(5);
    std::vector<torch::Tensor> terms;
    for (size_t i = 0; i < 5; ++i) {
      for (size_t j = i + 1; j < 5; ++j) {
        if (i > 1) continue;
        terms.push_back(settings.loss.loss == "infonce" ? loss::info_nce(z[i], z[j], settings.loss.tau)
                                                        : loss::nt_xent(z[i], z[j], settings.loss.tau));
      }
    }
    ASSERT_EQ(terms.size(), 7U);
    const torch::Tensor expected = torch::stack(terms).mean();
    expected.backward();
    EXPECT_NEAR(out.loss.item<double>(), expected.item<double>(), 1e-12) << loss;
    const auto mine = all_parameters(ours), wanted = all_parameters(theirs);
    for (size_t i = 0; i < mine.size(); ++i) {
      EXPECT_TRUE(test::all_close(mine[i].second.grad(), wanted[i].second.grad(), 1e-10, 1e-14))
          << loss << " " << mine[i].first;
    }
  }
}

// In parts: what each part's normalisation sees is its own, and the loss sees all.
TEST(AccumulateGradients, SmallViewsComeInMicroBatchesToo) {
  const settings::TrainSettings settings = test::small_step("mlp", "infonce", 12);
  torch::manual_seed(7);
  const StepViews views{torch::randn({24, 3, 16, 16}, torch::kDouble), torch::randn({36, 3, 8, 8}, torch::kDouble)};
  ContrastiveModel ours = double_model(settings), theirs = double_model(settings);
  const StepOutput out = accumulate_gradients(ours, views, 3, settings.loss, 4, false);
  std::array<std::vector<torch::Tensor>, 5> z;
  const auto rows = [](const torch::Tensor& all, int64_t count, int64_t first) {
    std::vector<torch::Tensor> parts;
    for (int64_t view = 0; view < count; ++view) parts.push_back(all.narrow(0, 12 * view + first, 4));
    return torch::cat(parts);
  };
  for (int64_t first = 0; first < 12; first += 4) {
    const torch::Tensor r = torch::cat(
        {theirs.encoder->forward(rows(views.global, 2, first)), theirs.encoder->forward(rows(views.local, 3, first))});
    const auto parts = theirs.projector->forward(r, 3).chunk(5);
    for (size_t view = 0; view < 5; ++view) z[view].push_back(parts[view]);
  }
  torch::Tensor sum = torch::zeros({}, torch::kDouble);
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = i + 1; j < 5; ++j) {
      sum = sum + loss::info_nce(torch::cat(z[i]), torch::cat(z[j]), settings.loss.tau);
    }
  }
  (sum / 7).backward();
  EXPECT_NEAR(out.loss.item<double>(), sum.item<double>() / 7, 1e-12);
  const auto mine = all_parameters(ours), wanted = all_parameters(theirs);
  for (size_t i = 0; i < mine.size(); ++i) {
    EXPECT_TRUE(test::all_close(mine[i].second.grad(), wanted[i].second.grad(), 1e-10, 1e-14)) << mine[i].first;
  }
}

TEST(AccumulateGradients, OnePartIsTheWholeBatch) {
  const settings::TrainSettings settings = test::small_step("mlp", "infonce", 12);
  torch::manual_seed(5);
  const torch::Tensor images = torch::randn({24, 3, 16, 16}, torch::kDouble);
  ContrastiveModel ours = double_model(settings), whole = double_model(settings);
  const StepOutput part = accumulate_gradients(ours, {images, {}}, 0, settings.loss, 12, false);
  const StepOutput all = accumulate_gradients(whole, {images, {}}, 0, settings.loss, 0, false);
  EXPECT_TRUE(at::equal(part.loss, all.loss));
  EXPECT_TRUE(at::equal(part.z, all.z));
  EXPECT_EQ(part.r.size(0), 24);
  EXPECT_THROW(accumulate_gradients(ours, {images, {}}, 0, settings.loss, 5, false), c10::Error);
  EXPECT_THROW(accumulate_gradients(ours, {images, {}}, 0, settings.loss, 1, false), c10::Error);
}

}  // namespace
}  // namespace directclr::train
