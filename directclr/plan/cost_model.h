#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/settings/train_settings.h"

// What a training run needs on a machine, predicted from its settings and a few measured constants: docs/scale.md has
// the model, and how far it was off where it could be checked.

namespace directclr::plan {

/// What the network costs, from its layers alone.
struct NetworkCost {
  int64_t parameters = 0;            ///< of encoder and projector, trainable
  int64_t macs_per_view = 0;         ///< multiply-adds of one forward pass of one (large) view
  int64_t activations_per_view = 0;  ///< numbers that the backward needs of one view
  int64_t macs_per_image = 0;        ///< the same of all views of an image, local ones too
  int64_t activations_per_image = 0;
  int64_t norm_numbers_per_view = 0;  ///< numbers that batch normalisations take in
  int64_t norm_numbers_per_image = 0;
  /// Of a pass forward and backward, however many images: the orthogonal projector's matrix.
  int64_t macs_per_pass = 0;
  int64_t norm_layers = 0;    ///< batch normalisations
  int64_t norm_channels = 0;  ///< their channels, summed
  int64_t embedding = 0;      ///< P
};
NetworkCost network_cost(const settings::TrainSettings& settings);

/// One kind of machine. The first group is measured by `directclr bench step`, the second by `directclr bench comm`.
struct Machine {
  std::string name;                     ///< what was measured, and how
  bool measured = true;                 ///< else: assumed, from data sheets
  double flops_per_second = 0;          ///< of one device, in a training step of the network
  double step_seconds = 0;              ///< of a step, however small the batch
  double loss_flops_per_second = 0;     ///< of one device, in the loss's products
  double loader_images_per_second = 0;  ///< of one processor core: decode and two views
  int64_t cores = 1;                    ///< processor cores a node
  bool computes_on_cores = false;       ///< the device is the processor: loading and computing share its cores
  int64_t processes = 0;                ///< that were measured at the same time on one machine; 0: not known
  int64_t threads = 0;                  ///< of each of them; 0: not known
  double device_bytes = 0;              ///< memory of one device
  int64_t bytes_per_number = 4;         ///< of an activation: 4, or 2 in bfloat16
  /// What synchronised batch normalisation takes more than each process's own, forward and backward, where several
  /// processes measured together: seconds a layer (messages, waiting for the slowest), and the passes over what it
  /// takes in, seconds a number.
  double norm_layer_seconds = 0;
  double norm_number_seconds = 0;
  double monitor_seconds = 0;  ///< of what a logged step computes of its representations, at the measured widths

  double latency_seconds = 0;        ///< of one hop inside a node
  double bytes_per_second = 0;       ///< that a device sends inside a node
  double node_latency_seconds = 0;   ///< of one hop between nodes
  double node_bytes_per_second = 0;  ///< that a node sends to another

  /// Reads what `directclr bench --out` wrote. Throws InputError naming the file and what is missing.
  static Machine read(const std::filesystem::path& path);
  /// "h100" or "v100": assumed figures, for machines that are not at hand. Throws InputError for other names.
  static Machine assumed(const std::string& name);
  /// Adds the fields that are set to the file, keeping what else it holds.
  void add_to(const std::filesystem::path& path) const;
};

/// A predicted step, in seconds and bytes.
struct Plan {
  int64_t devices = 1;
  int64_t images_per_device = 0;
  int64_t steps = 0;
  NetworkCost network;
  double compute_seconds = 0;           ///< forward and backward of a device's images
  double loss_seconds = 0;              ///< its rows of the similarities, forward and backward
  double gradient_seconds = 0;          ///< sum of gradients, were nothing else going on
  double gradient_exposed_seconds = 0;  ///< what of it the backward does not hide
  double embedding_seconds = 0;         ///< gather of embeddings, and their gradient's way back
  double norm_seconds = 0;              ///< what synchronised batch normalisation takes more than each process's own
  double monitor_seconds = 0;           ///< what is computed of the representations at logged steps, shared out to all
  /// Until all of a node's cores have made its images: beside the others, or (on cores) in what these leave of them.
  double loader_seconds = 0;
  double step_seconds = 0;
  double images_per_second = 0;
  double train_seconds = 0;
  double bytes_sent = 0;    ///< by one device in a step
  double device_bytes = 0;  ///< memory of one device
  std::string bottleneck;   ///< what takes most of the step
};

/// The plan of `nodes` nodes of `devices` devices each for a run over `images` images.
/// Throws InputError when the batch cannot be shared out, and for a machine that computes on its cores when another
/// number of processes was measured on it: what these share, and how they wait for one another, was not measured.
Plan make_plan(const settings::TrainSettings& settings, int64_t images, int64_t nodes, int64_t devices,
               const Machine& machine);

}  // namespace directclr::plan
