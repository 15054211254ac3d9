#include "directclr/settings/train_settings.h"

#include <thread>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/source.h"

namespace directclr::settings {

void TrainSettings::describe(FieldList& f) {
  f.section("train");
  f.add("data", data, "images: " + data::source_forms());
  f.add("limit", limit, 0, 1e12, "images to use at most, spread evenly over the data; 0: all");
  f.add("shuffle_block", shuffle_block, 0, 1 << 30,
        "for slow disks: shuffle runs of so many neighbouring images, and the images of sixteen runs at a time; 0: all "
        "images at once");
  f.add("epochs", epochs, 1, 100000, "passes over the data");
  f.add("batch_size", batch_size, 2, 1 << 20, "images a step (each gives two views)");
  f.add(
      "micro_batch", micro_batch, 0, 1 << 20,
      "images a pass of each process: the same loss over the whole batch in the memory of so many images, for a third "
      "more time; times the number of processes a divisor of the batch size, 0: all at once");
  f.add("sync_batch_norm", sync_batch_norm,
        "with several processes: batch normalisation sees the rows of all of them, as one process would");
  f.add("seed", seed, 0, 9e15, "decides initial weights, order, crops: everything random");
  augment.describe(f);
  encoder.describe(f);
  projector.describe(f);
  loss.describe(f);
  optimizer.describe(f);
  f.section("monitor");
  f.add("monitor_every", monitor_every, 1, 1e6,
        "steps between looks at r and z, which keep covariances that forget: ranks, dead directions, warnings");
  f.add("monitor_memory", monitor_memory, 2, 1e6, "rows that they rest on, as a multiple of the layer's width");
  f.section("run");
  f.add("device", device, "auto, cpu, cuda or cuda:N");
  f.add("precision", precision, "auto: bfloat16 where the hardware multiplies it, float32 elsewhere",
        {"auto", "float32", "bfloat16"});
  f.add("threads", threads, 0, 1024,
        "threads of the tensor library; 0: the cores, shared out among this machine's processes. Separate runs share "
        "time in turns, a step at a time, unless their threads fit on the cores together");
  f.add("workers", workers, 0, 1024, "threads that decode and augment; 0: as threads");
  f.add("skip_bad", skip_bad, "replace images that cannot be decoded by the next good one, with a notice");
  f.add("log_every", log_every, 1, 1e9, "steps between lines of metrics.jsonl");
  f.add("checkpoint_every", checkpoint_every, 0.001, 1e6, "epochs between checkpoints");
  f.add("online_head", online_head, "train a linear classifier beside, on detached representations (labelled data)");
  f.add("rank_timeout", rank_timeout, 1, 1e6,
        "with several processes: seconds after which one that does not answer ends the run");
  f.add("knn_every", knn_every, 0, 1e6, "epochs between k-NN scores on part of the data; 0: none");
  f.add("stop_under", stop.under,
        "save and stop (status 5) when a measure of r is under its floor: rank=0.1D; empty: never");
  f.add("stop_over", stop.over,
        "save and stop (status 5) when a measure of r is over its ceiling: dead=10, dead=0.05D; empty: never");
  f.add("stop_on", stop.on,
        "save and stop (status 5) on these verdicts of r: collapse (of any kind), one-direction, dimensional-collapse, "
        "complete-collapse; empty: never");
  f.add(
      "grace_epochs", grace_epochs, 0, 1e6,
      "epochs from the start in which nothing stops the run and no collapse is warned of, since an untrained network's "
      "representation is nearly collapsed; at least the warm-up");
}

void TrainSettings::resolve(const std::set<std::string>& given, int64_t local_processes) {
  if (data.empty()) throw InputError("--data", "no data given", "for a first try: --data fashion-mnist");
  if (micro_batch == 1 || (micro_batch > 0 && batch_size % micro_batch != 0)) {
    throw InputError("--micro-batch", format("%lld is no divisor of the batch size %lld above 1",
                                             static_cast<long long>(micro_batch), static_cast<long long>(batch_size)));
  }
  const spectrum::Gates checked(stop, "--stop");  // throws for what is malformed
  augment.complete(data::SourceSpec::parse(data), given);

  const int64_t representation = encoder.shape().representation();
  projector.d0 = projector.resolved_d0(representation);
  if (projector.mlp_hidden == 0) projector.mlp_hidden = representation;
  if (encoder.stem == "auto") encoder.stem = augment.image_size <= 64 ? "cifar" : "imagenet";
  optimizer.lr = optimizer.resolved_lr(batch_size);
  optimizer.weight_decay = optimizer.resolved_weight_decay();
  // Ten epochs belong to a run of a hundred; a shorter one would spend itself warming up.
  if (!given.contains("warmup_epochs") && epochs < 100) optimizer.warmup_epochs = 0.1 * static_cast<double>(epochs);
  if (optimizer.warmup_epochs > static_cast<double>(epochs)) {
    throw InputError("--warmup-epochs", "the warm-up is longer than the run", format("epochs: %ld", long{epochs}));
  }
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency() / local_processes);
  if (threads == 0) threads = cores;
  if (workers == 0) workers = cores;
}

TrainSettings read_config(const std::string& path) {
  TrainSettings settings;
  FieldList fields = fields_of(settings);
  apply_toml(read_toml(path), fields, path);
  fields.check();
  return settings;
}

}  // namespace directclr::settings
