#include "directclr/eval/probe.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/core_turns.h"
#include "directclr/core/error.h"
#include "directclr/core/shuffle.h"
#include "directclr/core/text.h"
#include "directclr/data/loader.h"
#include "directclr/eval/batch_images.h"
#include "directclr/optim/optimizer.h"
#include "directclr/optim/schedule.h"

namespace directclr::eval {
namespace {

using torch::Tensor;

// Weight and bias of a linear classifier, (classes, D) and (classes), from a convex fit that starts at zero. Were the
// weight (D, classes), its gradient would be a product that BLAS does at a fifth of the speed.
struct Classifier {
  Tensor weight;
  Tensor bias;
  Tensor scores(const Tensor& x) const { return torch::linear(x, weight, bias); }
};

// Minimises mean cross-entropy + l2/2 |W|^2, starting from `start` (warm starts make the grid cheap).
Classifier fit(const Tensor& x, const Tensor& labels, double l2, const Classifier& start, const Context& context) {
  CoreTurns turns(at::get_num_threads());
  Classifier c{start.weight.clone().requires_grad_(true), start.bias.clone().requires_grad_(true)};
  torch::optim::LBFGS solver({c.weight, c.bias}, torch::optim::LBFGSOptions(1)
                                                     .max_iter(40)
                                                     .history_size(10)
                                                     .tolerance_grad(1e-5)
                                                     .tolerance_change(1e-7)
                                                     .line_search_fn("strong_wolfe"));
  solver.step([&] {
    if (context.stop_requested()) throw Interrupted("stopped during the probe");
    const CoreTurns::Turn turn = turns.take(context);
    solver.zero_grad();
    Tensor loss = torch::cross_entropy_loss(c.scores(x), labels) + c.weight.square().sum() * (l2 / 2);
    loss.backward();
    return loss;
  });
  c.weight = c.weight.detach();
  c.bias = c.bias.detach();
  return c;
}

// A sum over all of a module's values that no change leaves alone in practice.
double fingerprint(const torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  double sum = 0;
  double scale = 1;
  for (const auto& tensors : {module.parameters(), module.buffers()}) {
    for (const auto& tensor : tensors) sum += (scale += 1e-3) * tensor.to(torch::kDouble).sum().item<double>();
  }
  return sum;
}

}  // namespace

std::pair<int64_t, int64_t> parse_dims(const std::string& text, int64_t representation) {
  if (text.empty()) return {0, representation};
  const auto parts = split(text, ':');
  int64_t first = 0;
  int64_t end = 0;
  if (parts.size() != 2 || !parse_int(parts[0], first) || !parse_int(parts[1], end) || first < 0 || first >= end ||
      end > representation) {
    throw InputError("--dims", "'" + text + "' is no range of columns",
                     format("write FIRST:END within 0:%lld", static_cast<long long>(representation)));
  }
  return {first, end};
}

double top_k_accuracy(const Tensor& scores, const Tensor& labels, int64_t k) {
  const Tensor best = std::get<1>(scores.topk(std::min(k, scores.size(1)), 1));
  return best.eq(labels.unsqueeze(1)).any(1).to(torch::kDouble).mean().item<double>();
}

ProbeResult probe_cached(const Features& train, const Features& test, int64_t classes,
                         const settings::ProbeSettings& settings, uint64_t seed, const Context& context) {
  const auto [first, end] = parse_dims(settings.dims, train.representation.size(1));
  Tensor x = train.representation.slice(1, first, end);
  const Tensor mean = x.mean(0);
  const Tensor scale = x.std(0, /*unbiased=*/false).clamp_min(1e-6);
  x = (x - mean) / scale;
  const Tensor x_test = (test.representation.slice(1, first, end) - mean) / scale;

  const int64_t rows = x.size(0);
  RandomStream random(seed, Purpose::kSplit);
  const Tensor shuffled = torch::tensor(permutation<int64_t>(static_cast<size_t>(rows), random));
  const auto held = static_cast<int64_t>(std::max(1.0, std::round(settings.held_out * static_cast<double>(rows))));
  const Tensor held_rows = shuffled.slice(0, 0, held);
  // The strength is chosen on part of the rows; the classifier that counts is then fitted on all.
  constexpr int64_t kGridRows = 20000;
  const Tensor fit_rows = shuffled.slice(0, held, held + kGridRows);
  if (fit_rows.size(0) < 1) throw InputError("probe", "too few images to hold some out");
  const Tensor x_fit = x.index_select(0, fit_rows);
  const Tensor x_held = x.index_select(0, held_rows);
  const Tensor y_fit = train.labels.index_select(0, fit_rows);
  const Tensor y_held = train.labels.index_select(0, held_rows);

  ProbeResult result;
  // From strong to weak, each starting where the last one ended.
  const std::vector<double> grid = {1e-1, 1e-2, 1e-3, 1e-4};
  Classifier current{torch::zeros({classes, x.size(1)}), torch::zeros({classes})};
  Classifier best = current;
  result.held_out_top1 = -1;
  for (size_t i = 0; i < grid.size(); ++i) {
    current = fit(x_fit, y_fit, grid[i], current, context);
    const double accuracy = top_k_accuracy(current.scores(x_held), y_held, 1);
    if (accuracy > result.held_out_top1) {
      result.held_out_top1 = accuracy;
      result.l2 = grid[i];
      best = current;
    }
    context.progress({"probe", i + 1, grid.size() + 1, "fits", i + 1, ""});
  }
  const Classifier final = fit(x, train.labels, result.l2, best, context);
  context.progress({"probe", grid.size() + 1, grid.size() + 1, "fits", grid.size() + 1, ""});
  const Tensor scores = final.scores(x_test);
  result.top1 = result.best_top1 = top_k_accuracy(scores, test.labels, 1);
  result.top5 = top_k_accuracy(scores, test.labels, 5);
  result.epoch_top1 = {result.top1};
  return result;
}

ProbeResult probe_sgd(model::ResNet encoder, const data::Source& train, const data::Source& test,
                      const data::AugmentSettings& augment, const settings::ProbeSettings& settings,
                      torch::Device device, const FeatureOptions& loading, uint64_t seed, const Context& context,
                      const distributed::ProcessGroup& group) {
  const auto [first, end] = parse_dims(settings.dims, encoder->representation());
  const auto classes = static_cast<int64_t>(train.class_names().size());
  encoder->eval();
  const double before = fingerprint(*encoder);
  // The test images are seen the same way after every epoch: their features are taken once.
  const Features test_features =
      extract_features(model::encoder_of(encoder), nullptr, test, augment, device, loading, context, group);
  Tensor x_test, y_test;
  if (group.is_root()) {
    x_test = test_features.representation.slice(1, first, end).to(device);
    y_test = test_features.labels.to(device);
  }

  torch::nn::Linear head(end - first, classes);
  {
    const torch::NoGradGuard no_grad;
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    head->weight.normal_(0, 0.01, generator);
    head->bias.zero_();
  }
  head->to(device);
  const auto optimizer = optim::make_sgd({{"weight", head->weight}, {"bias", head->bias}}, settings.probe_momentum,
                                         settings.probe_weight_decay);

  data::LoaderOptions options;
  options.transform = data::Transform::kCropAndFlip;
  options.augment = augment;
  options.augment.interpolation = "bilinear";  // torchvision's default, which the paper's probe uses
  options.batch_size = settings.probe_batch_size;
  options.keep_last = true;
  options.seed = seed;
  options.end_epoch = static_cast<uint32_t>(settings.probe_epochs);
  options.part = group.rank();
  options.parts = group.world_size();
  options.workers = loading.workers;
  options.skip_bad = loading.skip_bad;
  options.yield_to_trainer = device.is_cpu();
  options.notice = context.notice;
  options.format = pixel_format_for(device, false);
  BatchImages pictures(augment, device);
  pictures.fetch_from(options);
  data::Loader loader(train, options);
  const auto per_epoch = static_cast<int64_t>(loader.batches_per_epoch());
  const optim::CosineSchedule schedule{settings.probe_lr, 0, per_epoch * settings.probe_epochs, 0};

  ProbeResult result;
  CoreTurns turns(device.is_cpu() && group.world_size() == 1 ? at::get_num_threads() : 0);
  int64_t step = 0;
  for (data::Batch batch; loader.next(batch); ++step) {
    if (group.all_reduce(context.stop_requested() ? 1 : 0) > 0) throw Interrupted("stopped during the probe");
    const Tensor images = pictures.global_views(batch);
    Tensor labels = pictures.labels(batch);
    const CoreTurns::Turn turn = turns.take(context);
    Tensor r;
    {
      const torch::NoGradGuard no_grad;
      // Of a last, short batch a process may have no image at all.
      r = batch.count > 0 ? encoder->forward(images) : torch::empty({0, encoder->representation()}, images.options());
      const auto whole = static_cast<int64_t>(group.all_reduce(static_cast<double>(batch.count)));
      r = group.all_gather_rows(r.slice(1, first, end), whole);
      labels = group.all_gather_rows(labels, whole);
    }
    optimizer->zero_grad();
    Tensor loss = torch::cross_entropy_loss(head(r), labels);
    loss.backward();
    optimizer->step(schedule.at(step));
    if ((step + 1) % per_epoch != 0 || !group.is_root()) continue;
    const torch::NoGradGuard no_grad;
    const Tensor scores = head(x_test);
    result.top1 = top_k_accuracy(scores, y_test, 1);
    result.top5 = top_k_accuracy(scores, y_test, 5);
    result.best_top1 = std::max(result.best_top1, result.top1);
    result.epoch_top1.push_back(result.top1);
    const auto done = static_cast<uint64_t>((step + 1) / per_epoch);
    context.progress({"probe", done, static_cast<uint64_t>(settings.probe_epochs), "epochs", done,
                      format("top-1 %.2f %%", 100 * result.top1)});
  }
  if (fingerprint(*encoder) != before) throw Error("the probe changed the encoder, which must stay frozen");
  return result;
}

}  // namespace directclr::eval
