#include "directclr/train/measure.h"

#include <ATen/Parallel.h>
#include <torch/types.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <thread>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/loader.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/batch_norm.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/device.h"
#include "directclr/train/gradient_step.h"
#include "directclr/train/monitor.h"
#include "directclr/train/network.h"

namespace directclr::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The mean time of what all processes of a group do together, over about so many seconds, after one run that does not
// count. They must go around equally often: rank 0's clock decides.
double time_together(const std::function<void()>& work, c10::Device device, double seconds,
                     const distributed::ProcessGroup& group, const Context& context) {
  const auto once = [&] {
    work();
    wait_for(device);
  };
  once();
  int64_t rounds = 0;
  bool stop = false;
  const auto start = Clock::now();
  do {
    once();
    ++rounds;
    stop = group.all_reduce(context.stop_requested() ? 1 : 0) > 0;
  } while (!stop && group.all_reduce(group.is_root() && (rounds < 3 || seconds_since(start) < seconds) ? 1 : 0) > 0);
  if (stop) throw Interrupted("stopped; nothing was written");
  return seconds_since(start) / static_cast<double>(rounds);
}

// The median time of what `work` does, over about so many seconds, after one run that does not count.
double time_of(const std::function<void()>& begin_work, c10::Device device, double seconds, const Context& context) {
  const auto work = [&] {
    begin_work();
    wait_for(device);
  };
  work();
  std::vector<double> times;
  const auto begin = Clock::now();
  while (times.size() < 3 || seconds_since(begin) < seconds) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    const auto start = Clock::now();
    work();
    times.push_back(seconds_since(start));
  }
  std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

// Images that one worker makes ready in a second.
double loader_rate(const settings::TrainSettings& settings, double seconds) {
  const auto source = data::open_source(settings.data, data::Split::kTrain,
                                        {.skip_bad = settings.skip_bad, .reading = settings.reading});
  data::LoaderOptions options;
  options.augment = settings.augment;
  options.batch_size = std::min<int64_t>(16, static_cast<int64_t>(source->size()));
  options.seed = static_cast<uint64_t>(settings.seed);
  options.end_epoch = 1000000;
  options.workers = 1;
  options.skip_bad = settings.skip_bad;
  data::Loader loader(*source, options);
  data::Batch batch;
  for (int i = 0; i < 4; ++i) loader.next(batch);  // what lay ready in the ring
  int64_t images = 0;
  const auto start = Clock::now();
  while (images == 0 || seconds_since(start) < seconds) {
    loader.next(batch);
    images += batch.count;
  }
  return static_cast<double>(images) / seconds_since(start);
}

// What a logged step computes of both views' representations: on rank 0 alone, as in training, while the others wait.
double monitor_time(const settings::TrainSettings& settings, const ContrastiveModel& model, c10::Device device,
                    double seconds, const distributed::ProcessGroup& group, const Context& context) {
  const int64_t widths[] = {model.encoder->representation(), model.projector->embedding()};
  Monitor monitor(settings, widths[0], widths[1], device);
  const torch::Tensor r = torch::randn({2 * settings.batch_size, widths[0]}, device);
  const torch::Tensor z = torch::randn({2 * settings.batch_size, widths[1]}, device);
  monitor.observe(1, r, z, group);
  return group.all_reduce(
      group.is_root() ? time_of([&] { monitor.read(r, z, /*warn=*/false); }, device, seconds, context) : 0);
}

}  // namespace

plan::Machine measure_step(const settings::TrainSettings& settings, int64_t images, double seconds,
                           const Context& context, const distributed::ProcessGroup& group) {
  const c10::Device device = resolve_device(settings.device, group.local_rank());
  const bool bfloat16 = resolve_bfloat16(settings.precision, device);
  at::set_num_threads(static_cast<int>(settings.threads));
  ContrastiveModel model = make_model(settings);
  model.encoder->to(device);
  model.projector->to(device);
  model::to_channels_last(*model.encoder);
  model.encoder->train();
  model.projector->train();

  const auto optimizer = optim::make_optimizer(settings.optimizer, tensors_of(model, /*with_buffers=*/false));

  const plan::NetworkCost cost = plan::network_cost(settings);
  const int64_t side = settings.augment.image_size;
  const int64_t large = std::max<int64_t>(8, images), small = large / 4;
  const auto step_time = [&](int64_t count) {
    const torch::Tensor views =
        torch::randn({2 * count, 3, side, side}, device).contiguous(at::MemoryFormat::ChannelsLast);
    context.progress({"bench step", count == small ? 0U : 1U, 5, "measurements", 1, ""});
    const auto step = [&] {
      optimizer->zero_grad();
      accumulate_gradients(model, {views, {}}, 0, settings.loss, 0, bfloat16);
      optimizer->step(0);
    };
    return group.world_size() == 1 ? time_of(step, device, seconds, context)
                                   : time_together(step, device, seconds, group, context);
  };
  const double few = step_time(small), many = step_time(large);

  context.progress({"bench step", 2, 5, "measurements", 2, ""});
  constexpr int64_t kRows = 2048;
  const torch::Tensor a = torch::randn({kRows, cost.embedding}, device).requires_grad_(true), b = a.detach() + 1;
  const double loss = time_of([&] { loss::info_nce(a, b, settings.loss.tau).backward(); }, device, seconds, context);

  plan::Machine machine;
  const double flops_per_image = 3 * 2 * 2.0 * static_cast<double>(cost.macs_per_view);
  const double slope = std::max(many - few, 1e-9) / static_cast<double>(large - small);
  machine.flops_per_second = flops_per_image / slope;
  machine.step_seconds = std::max(0.0, few - slope * static_cast<double>(small));
  machine.loss_flops_per_second =
      6.0 * static_cast<double>(kRows) * static_cast<double>(kRows) * static_cast<double>(cost.embedding) / loss;
  if (group.world_size() > 1 && settings.sync_batch_norm) {
    model::synchronise_batch_norms(*model.encoder, group);
    model::synchronise_batch_norms(*model.projector, group);
    const double more_of_few = step_time(small) - few, more_of_many = step_time(large) - many;
    const double numbers = 2 * static_cast<double>(cost.norm_numbers_per_view);  // an image
    const double an_image = std::max(0.0, more_of_many - more_of_few) / static_cast<double>(large - small);
    machine.norm_number_seconds = an_image / numbers;
    machine.norm_layer_seconds = std::max(0.0, more_of_few - an_image * static_cast<double>(small)) /
                                 std::max(1.0, static_cast<double>(cost.norm_layers));
  }
  machine.cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  machine.computes_on_cores = device.is_cpu();
  machine.bytes_per_number = bfloat16 ? 2 : 4;
  machine.threads = settings.threads;
  machine.name =
      format("%s, %s, %s, %lld at once, %lld threads each, %s", processor_name().c_str(), device_name(device).c_str(),
             bfloat16 ? "bfloat16" : "float32", static_cast<long long>(group.world_size()),
             static_cast<long long>(settings.threads), settings.encoder.arch.c_str());
  if (!settings.data.empty()) {
    context.progress({"bench step", 3, 5, "measurements", 3, ""});
    machine.loader_images_per_second = loader_rate(settings, seconds);
  }
  for (double* figure :
       {&machine.flops_per_second, &machine.step_seconds, &machine.loss_flops_per_second,
        &machine.loader_images_per_second, &machine.norm_layer_seconds, &machine.norm_number_seconds}) {
    *figure = group.all_reduce(*figure) / static_cast<double>(group.world_size());
  }
  context.progress({"bench step", 4, 5, "measurements", 4, ""});
  machine.monitor_seconds = monitor_time(settings, model, device, seconds, group, context);
  context.progress({"bench step", 5, 5, "measurements", 5, ""});
  return machine;
}

void measure_communication(const distributed::ProcessGroup& group, at::Device device, bool between_nodes,
                           double seconds, plan::Machine& machine) {
  if (group.world_size() == 1)
    throw InputError("bench comm", "needs several processes", "directclr bench comm --nproc 2");
  const auto time_of_sum = [&](int64_t numbers) {
    torch::Tensor t = torch::ones({numbers}, device);
    const auto once = [&] {
      t.fill_(1);
      group.all_reduce_(t);
      wait_for(device);
    };
    once();
    // All processes must go around equally often: rank 0's clock decides.
    const auto start = Clock::now();
    int64_t rounds = 0;
    do {
      for (int i = 0; i < 4; ++i) once();
      rounds += 4;
    } while (group.all_reduce(group.is_root() && seconds_since(start) < seconds ? 1 : 0) > 0);
    torch::Tensor time = torch::tensor({seconds_since(start) / static_cast<double>(rounds)}, torch::kDouble);
    group.broadcast_(time);
    return time.item<double>();
  };
  constexpr int64_t kFew = 1024, kMany = int64_t{4} << 20;
  const double little = time_of_sum(kFew), much = time_of_sum(kMany);
  // seconds(bytes) = 2 log2(R) latency + 2 bytes (R - 1) / R / bandwidth (cost_model.cpp).
  const double ranks = static_cast<double>(group.world_size());
  const double travels = 2 * 4 * static_cast<double>(kMany - kFew) * (ranks - 1) / ranks;
  const double bandwidth = travels / std::max(much - little, 1e-9);
  const double latency = little / (2 * std::ceil(std::log2(ranks)));
  (between_nodes ? machine.node_latency_seconds : machine.latency_seconds) = latency;
  (between_nodes ? machine.node_bytes_per_second : machine.bytes_per_second) = bandwidth;
}

}  // namespace directclr::train
