#include "directclr/plan/cost_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/json_file.h"
#include "directclr/core/shell_word.h"
#include "directclr/core/text.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/optimizers.h"
#include "directclr/settings/projectors.h"

namespace directclr::plan {
namespace {

// Follows an image through the layers.
class Walk {
 public:
  explicit Walk(int64_t side) : side_(side) {}

  // Convolution without bias, then batch normalisation. The backward keeps what went into the normalisation and what
  // came out of it (a rectifier works in place).
  void convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
    side_ = (side_ + stride - 1) / stride;
    cost_.parameters += out * in * kernel * kernel;
    cost_.macs_per_view += out * in * kernel * kernel * side_ * side_;
    cost_.activations_per_view += out * side_ * side_;
    norm(out, side_ * side_);
  }
  void norm(int64_t channels, int64_t positions) {
    cost_.parameters += 2 * channels;
    cost_.activations_per_view += channels * positions;
    cost_.norm_numbers_per_view += channels * positions;
    ++cost_.norm_layers;
    cost_.norm_channels += channels;
  }
  void linear(int64_t in, int64_t out, bool bias, bool trainable) {
    if (trainable) cost_.parameters += in * out + (bias ? out : 0);
    cost_.macs_per_view += in * out;
    cost_.activations_per_view += out;
  }
  void parameters(int64_t count) { cost_.parameters += count; }
  void pool() {
    // Its output, and where in the input each came from (an int64).
    side_ = (side_ + 1) / 2;
    cost_.activations_per_view += 3 * channels_of_stem_ * side_ * side_;
  }
  void stem_channels(int64_t channels) { channels_of_stem_ = channels; }
  int64_t side() const { return side_; }
  void side(int64_t s) { side_ = s; }
  NetworkCost& cost() { return cost_; }

 private:
  int64_t side_;
  int64_t channels_of_stem_ = 0;
  NetworkCost cost_;
};

void walk_encoder(Walk& walk, const settings::TrainSettings& s) {
  const auto shape = s.encoder.shape();
  const bool large = s.encoder.stem == "imagenet";
  const bool pool = s.encoder.stem != "cifar";
  walk.cost().activations_per_view += 3 * walk.side() * walk.side();
  walk.stem_channels(shape.width);
  walk.convolution(3, shape.width, large ? 7 : 3, pool ? 2 : 1);
  if (pool) walk.pool();
  int64_t channels = shape.width;
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t width = shape.width << stage;
    const int64_t out = shape.bottleneck ? 4 * width : width;
    for (int64_t block = 0; block < shape.blocks[stage]; ++block) {
      const int64_t stride = block == 0 && stage > 0 ? 2 : 1;
      const int64_t side = walk.side();
      if (shape.bottleneck) {
        walk.convolution(channels, width, 1, 1);
        walk.convolution(width, width, 3, stride);
        walk.convolution(width, out, 1, 1);
      } else {
        walk.convolution(channels, width, 3, stride);
        walk.convolution(width, width, 3, 1);
      }
      if (stride != 1 || channels != out) {
        walk.side(side);
        walk.convolution(channels, out, 1, stride);
      }
      channels = out;
    }
  }
}

void walk_projector(Walk& walk, const settings::TrainSettings& s) {
  const auto layers =
      settings::projectors().at(s.projector.projector).layers(s.projector, s.encoder.shape().representation());
  for (const auto& layer : layers.linear) walk.linear(layer.in, layer.out, layer.bias, layer.trainable);
  for (const int64_t channels : layers.norms) walk.norm(channels, 1);
  walk.parameters(layers.other_parameters);
  walk.cost().macs_per_pass = layers.macs_per_pass;
  walk.cost().embedding = layers.embedding;
}

// What the backward holds beside what it keeps: gradients on their way. ResNet-50 at 224 pixels takes 1.26 times
// its activations an image (docs/scale.md).
constexpr double kOnTheWay = 1.25;

const std::pair<const char*, double Machine::*> kNumbers[] = {
    {"flops_per_second", &Machine::flops_per_second},
    {"step_seconds", &Machine::step_seconds},
    {"loss_flops_per_second", &Machine::loss_flops_per_second},
    {"loader_images_per_second", &Machine::loader_images_per_second},
    {"device_bytes", &Machine::device_bytes},
    {"norm_layer_seconds", &Machine::norm_layer_seconds},
    {"norm_number_seconds", &Machine::norm_number_seconds},
    {"monitor_seconds", &Machine::monitor_seconds},
    {"latency_seconds", &Machine::latency_seconds},
    {"bytes_per_second", &Machine::bytes_per_second},
    {"node_latency_seconds", &Machine::node_latency_seconds},
    {"node_bytes_per_second", &Machine::node_bytes_per_second}};

// What a file says of a machine.
Json description_in(const std::filesystem::path& path, const std::string& hint) {
  Json object = Json::try_parse(read_file(path)).value_or(Json());
  const Json* const version = object.find("version");
  if (!version || *version != Json(1)) throw InputError(path.string(), "is no description of a machine", hint);
  return object;
}

// Time and bytes of collectives over all devices: a ring inside each node and one through the nodes, whose slowest link
// counts; the fixed cost grows with the logarithm of the number of devices, as in trees.
class Network {
 public:
  Network(const Machine& m, int64_t nodes, int64_t devices) : m_(m), nodes_(nodes), devices_(devices) {}

  // Every device sends bytes * (R - 1) / R in each of `passes` passes: 1 for a gather, 2 for a sum.
  double seconds(double bytes, int passes) const {
    if (all() == 1) return 0;
    const double sent = passes * bytes_of_ring(bytes);
    double bandwidth = devices_ > 1 ? m_.bytes_per_second : INFINITY;
    double latency = devices_ > 1 ? m_.latency_seconds * std::ceil(std::log2(devices_)) : 0;
    if (nodes_ > 1) {
      bandwidth = std::min(bandwidth, m_.node_bytes_per_second);
      latency += m_.node_latency_seconds * std::ceil(std::log2(nodes_));
    }
    return passes * latency + sent / bandwidth;
  }
  double bytes_of_ring(double bytes) const {
    return bytes * static_cast<double>(all() - 1) / static_cast<double>(all());
  }
  int64_t all() const { return nodes_ * devices_; }

 private:
  const Machine& m_;
  int64_t nodes_;
  int64_t devices_;
};

}  // namespace

NetworkCost network_cost(const settings::TrainSettings& settings) {
  const auto of_view = [&](int64_t side) {
    Walk walk(side);
    walk_encoder(walk, settings);
    walk_projector(walk, settings);
    return walk.cost();
  };
  NetworkCost cost = of_view(settings.augment.image_size);
  const NetworkCost small = of_view(settings.augment.local_size);
  const int64_t local_views = settings.augment.local_views;
  cost.macs_per_image = 2 * cost.macs_per_view + local_views * small.macs_per_view;
  cost.activations_per_image = 2 * cost.activations_per_view + local_views * small.activations_per_view;
  cost.norm_numbers_per_image = 2 * cost.norm_numbers_per_view + local_views * small.norm_numbers_per_view;
  return cost;
}

Machine Machine::read(const std::filesystem::path& path) {
  const Json object = description_in(path, "directclr bench step --out FILE writes one");
  Machine m = reading_json(path, [&] {
    Machine read;
    read.name = object.value("name", path.string());
    read.measured = object.value("measured", true);
    read.cores = object.value("cores", int64_t{1});
    read.computes_on_cores = object.value("computes_on_cores", false);
    read.bytes_per_number = object.value("bytes_per_number", int64_t{4});
    read.processes = object.value("processes", int64_t{0});
    read.threads = object.value("threads", int64_t{0});
    if (read.cores < 1 || read.bytes_per_number < 1) throw JsonError("'cores' and 'bytes_per_number' count from 1 on");
    return read;
  });
  for (const auto& [name, member] : kNumbers) {
    if (!object.contains(name)) continue;
    if (!object[name].is_number() || !(object[name].get<double>() >= 0)) {
      throw InputError(path.string(), std::string("'") + name + "' is no number from 0 on");
    }
    m.*member = object[name].get<double>();
  }
  if (m.flops_per_second <= 0 || m.loss_flops_per_second <= 0) {
    throw InputError(path.string(), "lacks the speed of a step",
                     "directclr bench step --out " + shell_word(path.string()));
  }
  return m;
}

void Machine::add_to(const std::filesystem::path& path) const {
  Json object = {{"version", 1}};
  if (std::filesystem::exists(path)) object = description_in(path, "choose another --out");
  if (!name.empty()) object["name"] = name;
  object["measured"] = measured;
  if (flops_per_second > 0) {
    object["cores"] = cores;
    object["computes_on_cores"] = computes_on_cores;
    object["bytes_per_number"] = bytes_per_number;
    object["processes"] = processes;
    object["threads"] = threads;
  }
  for (const auto& [key, member] : kNumbers) {
    if (this->*member > 0) object[key] = this->*member;
  }
  write_file(path, object.dump(2) + "\n");
}

Machine Machine::assumed(const std::string& name) {
  Machine m;
  m.measured = false;
  m.bytes_per_number = 2;
  m.step_seconds = 0.01;
  m.cores = 64;
  m.loader_images_per_second = 400;  // two views of 224 pixels from a JPEG, as measured (docs/scale.md)
  m.latency_seconds = 15e-6;
  m.node_latency_seconds = 25e-6;
  // Some 2,600 and 800 images a second of ordinary ResNet-50 training in half precision; the loss runs in float32.
  if (name == "h100") {
    m.name = "8 x H100 a node, NVLink 4, 400 Gbit/s a node (assumed)";
    m.flops_per_second = 65e12;
    m.loss_flops_per_second = 40e12;
    m.device_bytes = 80e9;
    m.bytes_per_second = 300e9;
    m.node_bytes_per_second = 45e9;
  } else if (name == "v100") {
    m.name = "8 x V100 a node, NVLink 2, 100 Gbit/s a node (assumed)";
    m.flops_per_second = 20e12;
    m.loss_flops_per_second = 10e12;
    m.device_bytes = 32e9;
    m.bytes_per_second = 100e9;
    m.node_bytes_per_second = 11e9;
  } else {
    throw InputError("--machine", "'" + name + "' is neither a file nor an assumed machine",
                     "allowed: FILE.json from directclr bench, h100, v100");
  }
  return m;
}

Plan make_plan(const settings::TrainSettings& settings, int64_t images, int64_t nodes, int64_t devices,
               const Machine& machine) {
  if (machine.computes_on_cores && machine.processes > 0 && machine.processes != devices) {
    throw InputError("--gpus",
                     format("the figures are of %lld at a time, which share the %lld cores, not of %lld",
                            static_cast<long long>(machine.processes), static_cast<long long>(machine.cores),
                            static_cast<long long>(devices)),
                     format("--gpus %lld, or measure so many: directclr bench step --nproc %lld --out FILE",
                            static_cast<long long>(machine.processes), static_cast<long long>(devices)));
  }
  if (devices > 1 && machine.bytes_per_second <= 0) {
    throw InputError("--machine", "'" + machine.name + "' lacks the speed of messages inside a node",
                     "directclr bench comm --nproc 2 --out FILE adds it");
  }
  if (nodes > 1 && machine.node_bytes_per_second <= 0) {
    throw InputError("--machine", "'" + machine.name + "' lacks the speed of messages between nodes",
                     "directclr bench comm --between-nodes --out FILE, started on two nodes, adds it");
  }
  const Network network(machine, nodes, devices);
  Plan plan;
  plan.devices = network.all();
  const int64_t batch = settings.batch_size;
  if (batch < plan.devices) {
    throw InputError("--batch-size", format("%lld images cannot be shared out among %lld devices",
                                            static_cast<long long>(batch), static_cast<long long>(plan.devices)));
  }
  if (images < batch) {
    throw InputError("--batch-size", format("%lld is larger than the data (%lld images)", static_cast<long long>(batch),
                                            static_cast<long long>(images)));
  }
  plan.images_per_device = (batch + plan.devices - 1) / plan.devices;
  plan.steps = settings.epochs * (images / batch);
  plan.network = network_cost(settings);
  const NetworkCost& net = plan.network;

  const bool in_parts = settings.micro_batch > 0 && settings.micro_batch < plan.images_per_device;
  const double mine = static_cast<double>(plan.images_per_device);
  // A backward costs two forwards; micro-batches add a forward.
  const double forward = 2.0 * static_cast<double>(net.macs_per_image) * mine / machine.flops_per_second;
  // What does not depend on the images is computed in float32, as the loss is.
  const double micro_batches = in_parts ? mine / static_cast<double>(settings.micro_batch) : 1;
  const double besides = micro_batches * 2 * static_cast<double>(net.macs_per_pass) / machine.loss_flops_per_second;
  plan.compute_seconds = (in_parts ? 4 : 3) * forward + besides + machine.step_seconds;

  const double n = static_cast<double>(batch), p = static_cast<double>(net.embedding);
  const auto local_views = static_cast<double>(settings.augment.local_views);
  const settings::LossKind& loss = settings::losses().at(settings.loss.loss);
  const double pairs = 1 + 2 * local_views;  // of views
  const double similarities = static_cast<double>(loss.similarity_matrices) * pairs;
  const double moments = static_cast<double>(loss.moment_matrices) * pairs;
  // Of each pair of views the similarities are kept for the gradient where there is room for them.
  const double similarity_bytes = 4 * static_cast<double>(loss.similarity_matrices) * n * mine;
  const bool kept = similarity_bytes <= settings.loss.similarity_memory * (1 << 30);
  const double products = kept ? 6 : 8;  // floating-point operations of a pair and column
  plan.loss_seconds =
      (similarities * n * mine * products * p + moments * mine * 6 * p * p) / machine.loss_flops_per_second;

  const double gradient_bytes = 4.0 * static_cast<double>(net.parameters);
  plan.gradient_seconds = network.seconds(gradient_bytes, 2);
  // All but about the last bucket can travel while the rest of the backward, two thirds of a step, still computes.
  // Where the processor computes, nothing is beside it.
  const double hidden = machine.computes_on_cores ? 0 : std::min(plan.gradient_seconds * 0.9, 2 * forward);
  plan.gradient_exposed_seconds = plan.gradient_seconds - hidden;

  // Embeddings are gathered, their gradient is summed and shared out; three small gathers go with them.
  const double embedding_bytes = 4 * n * p, moment_bytes = 4 * p * p;
  plan.embedding_seconds = similarities * (2 * network.seconds(embedding_bytes, 1) + 3 * network.seconds(8 * n, 1)) +
                           moments * network.seconds(moment_bytes, 2);
  const double passes = (in_parts ? 2 * micro_batches : 1) * (local_views > 0 ? 2 : 1);
  double norm_bytes = 0;
  if (settings.sync_batch_norm && plan.devices > 1) {
    // Means and variances of every process forward, two sums backward, in float64.
    const double layers = static_cast<double>(net.norm_layers);
    const double channels = static_cast<double>(net.norm_channels) / std::max(1.0, layers);
    norm_bytes = layers * passes * channels * 8 * 2;
    const double messages =
        network.seconds(16 * channels * static_cast<double>(plan.devices), 1) + network.seconds(16 * channels, 2);
    plan.norm_seconds =
        layers * passes * std::max(messages, machine.norm_layer_seconds) +
        (in_parts ? 2 : 1) * mine * static_cast<double>(net.norm_numbers_per_image) * machine.norm_number_seconds;
  }
  plan.monitor_seconds = machine.monitor_seconds / static_cast<double>(settings.log_every);
  plan.bytes_sent =
      network.bytes_of_ring(2 * gradient_bytes + 2 * similarities * embedding_bytes + 2 * moments * moment_bytes) +
      3 * norm_bytes;

  const double device_seconds = plan.compute_seconds + plan.loss_seconds + plan.gradient_exposed_seconds +
                                plan.embedding_seconds + plan.norm_seconds + plan.monitor_seconds;
  if (machine.loader_images_per_second > 0) {
    plan.loader_seconds = static_cast<double>(plan.images_per_device * devices) /
                          (machine.loader_images_per_second * static_cast<double>(machine.cores));
  }
  // On cores images are made with the time that computing leaves: of cores that it does not use, and then of its own.
  const double used =
      machine.threads == 0
          ? 1.0
          : std::min(1.0, static_cast<double>(machine.threads * devices) / static_cast<double>(machine.cores));
  plan.step_seconds =
      std::max(device_seconds, (machine.computes_on_cores ? used * device_seconds : 0) + plan.loader_seconds);
  plan.images_per_second = n / plan.step_seconds;
  plan.train_seconds = plan.step_seconds * static_cast<double>(plan.steps);

  const settings::OptimizerKind& optimizer = settings::optimizers().at(settings.optimizer.optimizer);
  const int64_t images_a_pass = in_parts ? settings.micro_batch : plan.images_per_device;
  const auto numbers = [](int64_t side) { return static_cast<double>(3 * side * side); };
  plan.device_bytes =
      // Weights, gradients, the buckets that travel and the optimiser's state; activations; input; gathered embeddings
      // and their gradient.
      static_cast<double>(3 + optimizer.numbers_a_parameter) * gradient_bytes +
      kOnTheWay * static_cast<double>(images_a_pass * net.activations_per_image * machine.bytes_per_number) +
      4 * mine * (2 * numbers(settings.augment.image_size) + local_views * numbers(settings.augment.local_size)) +
      (loss.similarity_matrices > 0 ? 4 * embedding_bytes : 0) + (kept ? pairs * similarity_bytes : 0) +
      4 * static_cast<double>(loss.moment_matrices) * moment_bytes;

  const std::pair<const char*, double> parts[] = {{"computing", plan.compute_seconds},
                                                  {"the loss", plan.loss_seconds},
                                                  {"summing gradients", plan.gradient_exposed_seconds},
                                                  {"exchanging embeddings", plan.embedding_seconds},
                                                  {"synchronised batch normalisation", plan.norm_seconds},
                                                  {"the monitor", plan.monitor_seconds}};
  const auto by_time = [](const auto& x, const auto& y) { return x.second < y.second; };
  plan.bottleneck = std::max_element(std::begin(parts), std::end(parts), by_time)->first;
  const double largest = machine.computes_on_cores
                             ? std::max_element(std::begin(parts), std::end(parts), by_time)->second
                             : device_seconds;
  if (plan.loader_seconds > largest) plan.bottleneck = "decoding and augmenting images";
  return plan;
}

}  // namespace directclr::plan
