#include "directclr/settings/train_settings.h"

#include <thread>

#include "directclr/core/error.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/data/source.h"

namespace directclr::settings {

void TrainSettings::describe(FieldList& f) {
  f.section("train");
  f.add("data", data, "images: " + data::source_forms());
  reading.describe(f);
  f.add("limit", limit, 0, 1e12, "images to train on at most, spread evenly over the data; 0: all");
  f.add(
      "shuffle_block", shuffle_block, 0, 1 << 30,
      "for slow disks: keep this many neighbouring images together, and shuffle within sixteen such blocks at a time; "
      "0: full shuffle");
  f.add("epochs", epochs, 1, 100000, "passes over the data");
  f.add("batch_size", batch_size, 2, 1 << 20, "images a step (each gives two views)");
  f.add("micro_batch", micro_batch, 0, 1 << 20,
        "gradient caching: each process computes its part of the batch in passes of this many images, for about a "
        "third more time; the loss still covers the whole batch. Times the number of processes it must divide the "
        "batch size; 0: one pass");
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
        "steps between updates of the running covariances of r and z (effective rank, dead directions, warnings)");
  f.add("monitor_memory", monitor_memory, 2, 1e6,
        "how many rows the running covariances remember, as a multiple of the layer's width");
  f.section("run");
  f.add("device", device, "auto, cpu, cuda or cuda:N");
  f.add("precision", precision, "auto: bfloat16 where the hardware multiplies it, float32 elsewhere",
        {"auto", "float32", "bfloat16"});
  f.add("threads", threads, 0, 1024,
        "threads of the tensor library; 0: this machine's cores, divided among its processes. Separate runs take "
        "turns, a step at a time, unless their threads fit on the cores together");
  f.add("similarity_memory", loss.similarity_memory, 0, 1e6,
        "GiB for each process in which the loss keeps the similarities of two views for their gradient, which saves a "
        "quarter of the work; those that do not fit are computed again, with the same result");
  f.add("workers", workers, 0, 1024, "threads that decode and augment; 0: the same as --threads");
  f.add("skip_bad", skip_bad, "replace images that cannot be decoded by the next good one, with a notice");
  f.add("log_every", log_every, 1, 1e9, "steps between lines of metrics.jsonl");
  f.add("checkpoint_every", checkpoint_every, 0.001, 1e6, "epochs between checkpoints");
  f.add("keep_best", keep_best,
        "also keep the best state, as best.safetensors: that of the highest effective rank of the representation "
        "(rank_r) or of the lowest mean loss since the checkpoint before (loss), by regular checkpoints, or of the "
        "highest k-NN score (knn_top1), by --knn-every",
        {"no", "rank_r", "knn_top1", "loss"});
  f.add(
      "online_head", online_head,
      "also train a linear classifier on the representations, which sends no gradient to the encoder (labelled data)");
  f.add("rank_timeout", rank_timeout, 1, 1e6,
        "with several processes: seconds without an answer after which a process counts as lost, and the run ends");
  f.add("knn_every", knn_every, 0, 1e6, "epochs between k-NN scores on part of the data; 0: none");
  f.add("stop_under", stop.under,
        "save and stop (status 5) when a measure of r is under its floor: rank=0.1D; empty: never");
  f.add("stop_over", stop.over,
        "save and stop (status 5) when a measure of r is over its ceiling: dead=10, dead=0.05D; empty: never");
  f.add("stop_on", stop.on,
        "save and stop (status 5) on these verdicts of r: collapse (of any kind), one-direction, dimensional-collapse, "
        "complete-collapse; empty: never");
  f.add("grace_epochs", grace_epochs, 0, 1e6,
        "epochs at the start in which no gate stops the run and no warning of collapse is given, since an untrained "
        "network's representation is nearly collapsed; at least the warm-up");
}

void TrainSettings::resolve(const std::set<std::string>& given, int64_t local_processes) {
  if (data.empty()) throw InputError("--data", "no data given", "for a first try: --data fashion-mnist");
  if (!is_utf8(data) || !is_utf8(reading.labels)) {
    throw InputError(is_utf8(data) ? "--labels" : "--data",
                     "'" + printable(is_utf8(data) ? reading.labels : data) + "' is no UTF-8, as config.toml has to be",
                     "make a link of a plainer name");
  }
  if (micro_batch == 1 || (micro_batch > 0 && batch_size % micro_batch != 0)) {
    throw InputError("--micro-batch", format("%lld is no divisor of the batch size %lld above 1",
                                             static_cast<long long>(micro_batch), static_cast<long long>(batch_size)));
  }
  if (keep_best == "knn_top1" && knn_every == 0) {
    throw InputError("--keep-best", "knn_top1 is not measured", "--knn-every 1");
  }
  const spectrum::Gates checked(stop, "--stop");  // throws for what is malformed
  augment.complete(data::SourceSpec::parse(data), given);

  const int64_t representation = encoder.shape().representation();
  projector.d0 = projector.resolved_d0(representation);
  if (projector.mlp_hidden == 0) projector.mlp_hidden = representation;
  encoder.stem = encoder.resolved_stem(augment.image_size);
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
