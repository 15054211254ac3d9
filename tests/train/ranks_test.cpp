// Several processes compute what one would compute on the whole batch: loss, every gradient, ten steps of LARS.
#include "tests/support/ranks.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <mutex>

#include "directclr/train/gradient_step.h"
#include "tests/support/small_training.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

constexpr int64_t kBatch = 10;  // uneven shares for three and four processes
constexpr int64_t kSide = 16;
constexpr int64_t kSteps = 10;

settings::TrainSettings settings_with(const std::string& projector, const std::string& loss, int64_t batch = kBatch) {
  settings::TrainSettings settings = test::small_step(projector, loss, batch);
  settings.encoder.zero_init_residual = false;
  settings.optimizer.lr = 0.02;
  return settings;
}

// So many views of all images of a step, view by view.
torch::Tensor images_of(int64_t step, int64_t views, int64_t batch, int64_t side, torch::Dtype type) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(17 + step));
  return torch::empty({views * batch, 3, side, side}, torch::kDouble).normal_(0, 1, generator).to(type);
}

// Floating tensors alone: a projector's fixed order of channels is whole numbers.
void convert(torch::nn::Module& module, torch::Dtype type) {
  const auto to = [&](torch::Tensor& t) {
    if (t.is_floating_point()) t.set_data(t.to(type));
  };
  for (auto& parameter : module.parameters()) to(parameter);
  for (auto& buffer : module.buffers()) to(buffer);
}

struct Trained {
  std::vector<double> losses;             // of every step, whole batch
  std::vector<torch::Tensor> gradients;   // of the first step
  std::vector<torch::Tensor> parameters;  // after the last
  std::vector<torch::Tensor> buffers;
  std::vector<std::string> names;
};

// `order`: of the images within each batch; empty: as they come.
Trained train_on(const distributed::ProcessGroup& group, const settings::TrainSettings& settings, torch::Dtype type,
                 int64_t micro_batch = 0, const std::vector<int64_t>& order = {}) {
  const int64_t batch = settings.batch_size;
  ContrastiveModel model = make_model(settings);
  convert(*model.encoder, type);
  convert(*model.projector, type);
  model.encoder->train();
  model.projector->train();
  model::synchronise_batch_norms(*model.encoder, group);
  model::synchronise_batch_norms(*model.projector, group);
  auto named = named_tensors(*model.encoder, "encoder/", false);
  for (const auto& item : named_tensors(*model.projector, "projector/", false)) named.push_back(item);
  std::vector<torch::Tensor> tensors;
  Trained result;
  for (const auto& [name, tensor] : named) {
    tensors.push_back(tensor);
    result.names.push_back(name);
  }
  distributed::GradientSum gradients(tensors, group);
  const auto optimizer = optim::make_lars(named, 0.9, 1e-4, 0.01);
  const Share mine = group.share(batch);
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto of_this_process = [&](int64_t views, int64_t side) {
      torch::Tensor all = images_of(step, views, batch, side, type).unflatten(0, {views, batch});
      if (!order.empty()) all = all.index_select(1, torch::tensor(order));
      return all.narrow(1, mine.first, mine.count).flatten(0, 1);
    };
    const int64_t local_views = settings.augment.local_views;
    const StepViews images{of_this_process(2, kSide),
                           local_views > 0 ? of_this_process(local_views, kSide / 2) : torch::Tensor()};
    optimizer->zero_grad();
    const StepOutput out =
        accumulate_gradients(model, images, step, settings.loss, micro_batch, false, {group, batch}, &gradients);
    result.losses.push_back(group.all_reduce(out.loss.item<double>()));
    if (step == 0) {
      for (const auto& tensor : tensors) {
        result.gradients.push_back(tensor.grad().defined() ? tensor.grad().clone() : torch::Tensor());
      }
    }
    optimizer->step(settings.optimizer.lr);
  }
  for (const auto& tensor : tensors) result.parameters.push_back(tensor.detach().clone());
  for (const auto& buffer : model.encoder->buffers()) result.buffers.push_back(buffer.clone());
  return result;
}

void expect_equal(const Trained& actual, const Trained& expected, double limit, const std::string& what) {
  for (size_t step = 0; step < expected.losses.size(); ++step) {
    EXPECT_NEAR(actual.losses[step], expected.losses[step], limit * std::abs(expected.losses[step]) + limit)
        << what << ", step " << step;
  }
  for (size_t i = 0; i < expected.parameters.size(); ++i) {
    ASSERT_EQ(actual.gradients[i].defined(), expected.gradients[i].defined()) << what << " " << expected.names[i];
    if (expected.gradients[i].defined()) {
      EXPECT_TRUE(test::all_close(actual.gradients[i], expected.gradients[i], limit, 1e-3 * limit))
          << what << ", gradient of " << expected.names[i];
    }
    EXPECT_TRUE(test::all_close(actual.parameters[i], expected.parameters[i], limit, 1e-3 * limit))
        << what << ", " << expected.names[i] << " after " << kSteps << " steps";
  }
  for (size_t i = 0; i < expected.buffers.size(); ++i) {
    EXPECT_TRUE(test::all_close(actual.buffers[i], expected.buffers[i], limit, limit)) << what << ", buffer " << i;
  }
}

class Ranks : public ::testing::TestWithParam<const char*> {
 protected:
  Ranks() { at::set_num_threads(1); }  // the ranks are threads of their own
};

TEST_P(Ranks, EqualOneProcessInFloat64) {
  for (const char* loss : {"infonce", "ntxent"}) {
    const settings::TrainSettings settings = settings_with(GetParam(), loss);
    const Trained whole = train_on({}, settings, torch::kDouble);
    for (const int64_t size : {2, 3, 4}) {
      test::on_ranks(size, [&](const distributed::ProcessGroup& group) {
        expect_equal(train_on(group, settings, torch::kDouble), whole, 1e-10,
                     std::string(loss) + ", rank " + std::to_string(group.rank()) + " of " + std::to_string(size));
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Projectors, Ranks,
                         ::testing::Values("none", "direct", "linear", "diagonal", "orthogonal", "lowrank",
                                           "lowrank-fixed", "lowrank-diagonal", "group", "random-dropout", "mlp"),
                         [](const auto& named) {
                           std::string name = named.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(RanksWithSmallViews, EqualOneProcess) {
  at::set_num_threads(1);
  settings::TrainSettings settings = settings_with("mlp", "infonce");
  settings.augment.local_views = 3;
  const Trained whole = train_on({}, settings, torch::kDouble);
  for (const int64_t size : {2, 3}) {
    test::on_ranks(size, [&](const distributed::ProcessGroup& group) {
      expect_equal(train_on(group, settings, torch::kDouble), whole, 1e-10, std::to_string(size) + " processes");
    });
  }
}

// |a - b| / |b| over all tensors together.
double relative_distance(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!b[i].defined()) continue;
    const torch::Tensor truth = b[i].to(torch::kDouble);
    difference += (a[i].to(torch::kDouble) - truth).square().sum().item<double>();
    size += truth.square().sum().item<double>();
  }
  return std::sqrt(difference / size);
}

// Single entries of a gradient can be small differences of large sums; what counts in float32 is the whole of it.
TEST(RanksInFloat32, EqualOneProcess) {
  at::set_num_threads(1);
  constexpr double kLimit = 1e-5;
  for (const char* projector : {"direct", "mlp"}) {
    for (const char* loss : {"infonce", "ntxent"}) {
      // More images and smaller steps than in float64: ten steps of a small batch magnify rounding a hundred thousand
      // times, here and in one process alike.
      settings::TrainSettings settings = settings_with(projector, loss, 26);
      settings.optimizer.lr = 0.002;
      settings.encoder.arch = "basic:1,1,1,1:8";  // four channels are too few for oneDNN on AVX2
      const Trained whole = train_on({}, settings, torch::kFloat);
      for (const int64_t size : {2, 3, 4}) {
        test::on_ranks(size, [&](const distributed::ProcessGroup& group) {
          const Trained part = train_on(group, settings, torch::kFloat);
          const std::string what = std::string(projector) + " " + loss + " " + std::to_string(size);
          EXPECT_NEAR(part.losses[0], whole.losses[0], kLimit * whole.losses[0]) << what;
          EXPECT_LE(relative_distance(part.gradients, whole.gradients), kLimit) << what << ", gradients";
          EXPECT_LE(relative_distance(part.parameters, whole.parameters), kLimit) << what << ", after ten steps";
        });
      }
    }
  }
}

// Micro-batches of m on R processes: normalisation sees R m images a pass, m of each process's share. One process with
// micro-batches of R m computes the same once its images come in that order.
TEST(RanksWithMicroBatches, EqualOneProcessWithTheSameParts) {
  at::set_num_threads(1);
  for (const char* loss : {"infonce", "ntxent"}) {
    const settings::TrainSettings settings = settings_with("mlp", loss, 12);
    const Trained whole = train_on({}, settings, torch::kDouble, 6, {0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11});
    test::on_ranks(2, [&](const distributed::ProcessGroup& group) {
      expect_equal(train_on(group, settings, torch::kDouble, 3), whole, 1e-10, loss);
    });
  }
}

}  // namespace
}  // namespace directclr::train
