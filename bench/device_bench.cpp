// Training steps and losses on any device, as bench/gpu measures them beside PyTorch's: prints a line of JSON a case.
//
//   directclr_device_bench step --arch bottleneck:2,2,2,2:16 --stem small --image 32 --batch 256 --device cuda
//   directclr_device_bench loss --rows 4096 --width 128 --device cuda
//
// With --check FILE it writes what it computes of given numbers instead, which bench/peers/same.py computes again.
#include <torch/types.h>
#include <torch/utils.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>

#include "directclr/core/json.h"
#include "directclr/core/memory.h"
#include "directclr/core/text.h"
#include "directclr/eval/batch_images.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/resnet.h"
#include "directclr/optim/optimizer.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/device.h"
#include "directclr/train/gradient_step.h"
#if DIRECTCLR_BENCH_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace {

using namespace directclr;
using Clock = std::chrono::steady_clock;

struct Request {
  std::string arch = "bottleneck:2,2,2,2:16", stem = "small", device = "auto", check;
  std::vector<std::string> precisions = {"float32", "bfloat16"};
  int64_t image = 32, batch = 256, rows = 4096, width = 128;
  double seconds = 2;
};

// Times a second that `work` is done, told again and again without waiting for the device but at the end.
double rate_of(const std::function<void()>& work, c10::Device device, double seconds) {
  for (int i = 0; i < 5; ++i) work();
  train::wait_for(device);
  const auto begin = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  int64_t times = 0;
  while (times < 3 || passed() < seconds) {
    work();
    ++times;
    if (times % 8 == 0) train::wait_for(device);  // or orders pile up far beyond the time given
  }
  train::wait_for(device);
  return static_cast<double>(times) / passed();
}

settings::TrainSettings settings_of(const Request& request) {
  settings::TrainSettings s;
  s.data = "cifar10:made-up";
  s.encoder.arch = request.arch;
  s.encoder.stem = request.stem;
  s.augment.image_size = request.image;
  s.batch_size = request.batch;
  s.projector.projector = "none";
  s.resolve({"image_size"});
  return s;
}

train::ContrastiveModel model_of(const settings::TrainSettings& settings, c10::Device device) {
  train::ContrastiveModel model = train::make_model(settings);
  model.encoder->to(device);
  model::to_channels_last(*model.encoder);
  model.encoder->train();
  return model;
}

#if DIRECTCLR_BENCH_CUDA
// What a step of fixed shape told the device, told again at once: its inputs and weights stay where they are, and
// numbers of the host's, the learning rate among them, are those of the capture.
class CapturedStep {
 public:
  CapturedStep(const std::function<void()>& step, c10::Device device) : stream_(c10::cuda::getStreamFromPool()) {
    train::wait_for(device);
    const c10::cuda::CUDAStreamGuard guard(stream_);
    for (int i = 0; i < kWarmUp; ++i) step();  // libraries choose and allocate
    train::wait_for(device);
    graph_.capture_begin();
    step();
    graph_.capture_end();
  }
  void operator()() { graph_.replay(); }

  static constexpr int kWarmUp = 3;

 private:
  c10::cuda::CUDAStream stream_;
  at::cuda::CUDAGraph graph_;
};
#endif

void print(Json line, const Request& request, double rate) {
  line["device"] = train::device_name(train::resolve_device(request.device));
  line["times_per_second"] = rate;
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

// Steps from images that lie on the device; from a loader's memory, fetched while the step before runs; the same with
// host and device waiting for each other, for the images and for the loss of every step; and the first, captured.
const std::vector<std::string> kWays = {"resident", "fetched", "waiting",
#if DIRECTCLR_BENCH_CUDA
                                        "captured"
#endif
};

void measure_steps(const Request& request) {
  const c10::Device device = train::resolve_device(request.device);
  const settings::TrainSettings settings = settings_of(request);
  for (const auto& precision : request.precisions) {
    const bool bfloat16 = train::resolve_bfloat16(precision, device);
    for (const std::string& way : kWays) {
      train::ContrastiveModel model;
      std::unique_ptr<optim::Optimizer> optimizer;
      const auto start = [&] {
        model = model_of(settings, device);
        optimizer = optim::make_sgd(train::named_tensors(*model.encoder, "", /*with_buffers=*/false), 0.9, 1e-4);
      };
      start();
      eval::BatchImages pictures(settings.augment, device);
      data::LoaderOptions options;
      if (way == "fetched") pictures.fetch_from(options);
      data::Batch batch;
      batch.count = request.batch;
      batch.views = 2;
      batch.format = eval::pixel_format_for(device, bfloat16);
      const auto bytes =
          static_cast<size_t>(2 * request.batch * request.image * request.image * 3) * data::size_of(batch.format);
      const auto memory = options.memory
                              ? options.memory(bytes)
                              : std::shared_ptr<std::byte>(new std::byte[bytes], std::default_delete<std::byte[]>());
      // Of bytes any noise will do; numbers are written as numbers.
      torch::manual_seed(1);
      const auto type = batch.format == data::PixelFormat::kBytes     ? torch::kByte
                        : batch.format == data::PixelFormat::kFloat32 ? torch::kFloat
                                                                      : torch::kBFloat16;
      torch::Tensor numbers = torch::randn({2 * request.batch, request.image, request.image, 3});
      if (type == torch::kByte) numbers = (numbers * 50 + 128).clamp(0, 255);
      numbers = numbers.to(type);
      std::memcpy(memory.get(), numbers.const_data_ptr(), bytes);
      batch.images = memory.get();
      const torch::Tensor resident = pictures.global_views(batch).clone();
      const auto step = [&] {
        if (options.before_reuse) options.before_reuse();
        const torch::Tensor images = way == "fetched" || way == "waiting" ? pictures.global_views(batch) : resident;
        optimizer->zero_grad();
        const auto out = train::accumulate_gradients(model, {images, {}}, 0, settings.loss, 0, bfloat16);
        if (way == "waiting") out.loss.item<double>();
        optimizer->step(1e-3);
      };
      std::function<void()> work = step;
      Json line = {{"what", "step"},         {"who", "directclr, " + way}, {"arch", request.arch},
                   {"image", request.image}, {"batch", request.batch},     {"precision", precision}};
#if DIRECTCLR_BENCH_CUDA
      std::unique_ptr<CapturedStep> captured;
      if (way == "captured") {
        if (!device.is_cuda()) continue;
        constexpr int kSteps = CapturedStep::kWarmUp + 2;
        for (int i = 0; i < kSteps; ++i) step();
        const auto weights = [&] {
          std::vector<torch::Tensor> all;
          for (const auto& tensor : model.encoder->parameters()) all.push_back(tensor.detach().cpu().clone());
          return all;
        };
        const std::vector<torch::Tensor> plain = weights();
        start();
        captured = std::make_unique<CapturedStep>(step, device);
        work = [&] { (*captured)(); };
        for (int i = CapturedStep::kWarmUp; i < kSteps; ++i) work();
        train::wait_for(device);
        const std::vector<torch::Tensor> now = weights();
        line["same_bits"] = std::equal(now.begin(), now.end(), plain.begin(), plain.end(), torch::equal);
      }
#endif
      const double rate = rate_of(work, device, request.seconds);
      print(line, request, rate);
    }
  }
}

// A step's loss and gradients in double precision.
void check_step(const Request& request) {
  const c10::Device device = train::resolve_device(request.device);
  settings::TrainSettings settings = settings_of(request);
  settings.encoder.zero_init_residual = false;  // every weight has a gradient
  train::ContrastiveModel model = model_of(settings, device);
  model.encoder->to(torch::kDouble);
  torch::manual_seed(2);
  const torch::Tensor images = torch::randn({16, 3, request.image, request.image}, torch::kDouble);
  tensor::TensorFile file;
  file.metadata = {{"arch", request.arch}, {"stem", request.stem}, {"tau", format_number(settings.loss.tau)}};
  file.add("images", images);
  for (const auto& [name, value] : train::named_tensors(*model.encoder, "weight/", true)) {
    file.add(name, value.detach().cpu().clone());
  }
  const auto out = train::accumulate_gradients(model, {images.to(device), {}}, 0, settings.loss, 0, false);
  file.add("loss", out.loss.cpu().reshape({1}));
  for (const auto& [name, value] : train::named_tensors(*model.encoder, "", false)) {
    file.add("gradient/" + name, value.grad().cpu().contiguous());
  }
  tensor::write_safetensors(request.check, file);
}

struct Rows {
  torch::Tensor a, b;
};

Rows rows_of(const Request& request, c10::Device device) {
  torch::manual_seed(3);
  const torch::Tensor a = torch::randn({request.rows, request.width}), b = a + torch::randn_like(a);
  return {a.to(device).requires_grad_(), b.to(device).requires_grad_()};
}

void measure_loss(const Request& request) {
  const c10::Device device = train::resolve_device(request.device);
  const Rows z = rows_of(request, device);
  for (const double kept : {loss::kDefaultKeptBytes, 0.0}) {
    const double rate = rate_of(
        [&] {
          z.a.mutable_grad().reset();
          z.b.mutable_grad().reset();
          loss::info_nce(z.a, z.b, 0.1, {}, kept).backward();
        },
        device, request.seconds);
    print({{"what", "loss"},
           {"who", kept > 0 ? "directclr, similarities kept" : "directclr, similarities made again"},
           {"rows", request.rows},
           {"width", request.width}},
          request, rate);
  }
}

void check_loss(const Request& request) {
  const c10::Device device = train::resolve_device(request.device);
  const Rows z = rows_of(request, device);
  const torch::Tensor loss = loss::info_nce(z.a, z.b, 0.1);
  loss.backward();
  tensor::TensorFile file;
  for (const auto& [name, value] : {std::pair{"a", z.a.detach()},
                                    {"b", z.b.detach()},
                                    {"loss", loss.detach()},
                                    {"gradient/a", z.a.grad()},
                                    {"gradient/b", z.b.grad()}}) {
    file.add(name, value.cpu().contiguous());
  }
  tensor::write_safetensors(request.check, file);
}

}  // namespace

int main(int count, char** arguments) {
  keep_freed_memory();  // as the program does
  Request request;
  CLI::App app("Training steps and losses on a device");
  app.require_subcommand(1);
  CLI::App* const step = app.add_subcommand("step", "whole training steps");
  CLI::App* const loss = app.add_subcommand("loss", "InfoNCE, forward and backward");
  for (CLI::App* const part : {step, loss}) {
    part->add_option("--device", request.device);
    part->add_option("--seconds", request.seconds);
    part->add_option("--check", request.check);
  }
  step->add_option("--arch", request.arch);
  step->add_option("--stem", request.stem);
  step->add_option("--image", request.image);
  step->add_option("--batch", request.batch);
  step->add_option("--precision", request.precisions)->delimiter(',');
  loss->add_option("--rows", request.rows);
  loss->add_option("--width", request.width);
  CLI11_PARSE(app, count, arguments);
  try {
    const bool steps = step->parsed();
    if (request.check.empty()) {
      (steps ? measure_steps : measure_loss)(request);
    } else {
      (steps ? check_step : check_loss)(request);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "directclr_device_bench: %s\n", error.what());
    return 1;
  }
}
