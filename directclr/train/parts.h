#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "directclr/data/source.h"
#include "directclr/model/projector.h"
#include "directclr/optim/optimizer.h"
#include "directclr/settings/train_settings.h"
#include "directclr/train/gradient_step.h"
#include "directclr/train/network.h"

namespace directclr::train {

/// Whether training goes on after a callback. A run that one rank stops ends on all of them after the same step, as a
/// signal would end it: it is saved, train() throws Interrupted, and it can be resumed.
enum class Then { kGoOn, kStop };

/// A step that is done. Every rank gets its own.
struct StepReport {
  int64_t step = 0;                   ///< steps done, 1 .. total_steps
  int64_t total_steps = 0;            ///< of the whole run
  double epoch = 0;                   ///< step / steps an epoch
  double loss = 0;                    ///< of the whole batch, before the update (see TrainOptions::every_loss)
  double lr = 0;                      ///< the learning rate of the update
  std::optional<double> online_top1;  ///< share of the batch that the online head knew, where there is one
  torch::Tensor r, z;  ///< of this rank's n images, view a then view b, detached: (2n, D), (2n, P), on the device
};

/// A pass over the data that is done.
struct EpochReport {
  int64_t epoch = 0;               ///< epochs done, 1 ..
  int64_t step = 0;                ///< steps done
  double loss = 0;                 ///< of the epoch's last step
  std::optional<double> knn_top1;  ///< where settings.knn_every asked for it; on rank 0 alone
};

/// Functions that training calls, on the thread that called train(), each where it is not null. What they throw ends
/// the run without saving, and leaves train().
struct Callbacks {
  std::function<Then(const StepReport&)> on_step;    ///< after every step, on every rank
  std::function<Then(const EpochReport&)> on_epoch;  ///< after every epoch's last on_step, on every rank
  /// What the monitor warns of, in words, on rank 0; before on_step of that step. Context::notice gets it too.
  std::function<void(int64_t step, const std::string& warning)> on_warning;
};

/// What a user of the library gives to a training instead of what the settings describe. Whatever is null is made from
/// the settings.
///
/// A run with parts of the user's own (callbacks are none) says which in its environment.json. Only the program that
/// has these parts can resume it, bit for bit if they are the same and everything random in them depends on the step
/// alone (the generator of torch is not in a checkpoint); load_model refuses it where encoder or projector are own.
struct Parts {
  /// The training images. settings.data then only names a preset of augmentations and stands in the run's record, and
  /// settings.knn_every must be 0: the k-NN score asks the test part of settings.data.
  std::shared_ptr<const data::Source> source;
  /// Moved to the device and trained where it is: afterwards the module holds the trained weights. D is found out by
  /// two images. With several processes and with micro-batches its normalisation should be model::BatchNorm, which sees
  /// all ranks' rows and counts every batch once; torch's own does not. The projector made from settings has its D; d0
  /// and mlp_hidden are those of the settings, which resolve() takes from the settings' encoder where they are not
  /// given.
  Encoder encoder;
  std::shared_ptr<model::Projector> projector;
  /// Of two views, z_a and z_b (n, P) each, the scalar loss; see PairLoss.
  PairLoss loss;
  /// Makes the optimiser of these parameters. It learns at the settings' schedule.
  std::function<std::unique_ptr<optim::Optimizer>(std::vector<optim::NamedTensor>)> optimizer;
  Callbacks callbacks;
};

/// "source", "encoder", "projector", "loss", "optimizer": those that are given.
std::vector<std::string> own_parts(const Parts& parts);

/// Encoder and projector on the device, each the user's own where it is given, else made from the settings. Throws
/// c10::Error when an own one gives what is no representation or embedding, naming the shape.
Network network_of(const settings::TrainSettings& settings, const Parts& parts, torch::Device device);

}  // namespace directclr::train
