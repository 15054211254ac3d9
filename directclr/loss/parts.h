#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>

#include "directclr/distributed/process_group.h"
#include "directclr/settings/loss_settings.h"

namespace directclr::loss {

// What the losses of this folder have in common.

/// Similarities and logarithms lose too much in bf16: while one of these lives, autocast is off.
class NoAutocast {
 public:
  explicit NoAutocast(at::DeviceType device) : device_(device), was_on_(at::autocast::is_autocast_enabled(device)) {
    if (was_on_) at::autocast::set_autocast_enabled(device_, false);
  }
  ~NoAutocast() {
    if (was_on_) at::autocast::set_autocast_enabled(device_, true);
  }
  NoAutocast(const NoAutocast&) = delete;
  NoAutocast& operator=(const NoAutocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_on_;
};

/// float64 as it is, everything else as float32.
at::Tensor at_least_float(const at::Tensor& z);

/// The rows of z (N, P) divided by their lengths, in at_least_float; zero rows stay zero.
at::Tensor unit_rows(const at::Tensor& z);

/// What a loss may keep of its similarities until the backward: the settings' similarity_memory.
double kept_bytes(const settings::LossSettings& settings);

/// N of the whole batch.
int64_t batch_of(const at::Tensor& z, const distributed::Rows& rows);

/// The sum over processes of a tensor that each has a part of. Every process's loss depends on the sum, so the
/// gradients in it are summed too.
at::Tensor sum_over_processes(const at::Tensor& part, const distributed::Rows& rows);

/// Throws c10::Error unless both are (N, P) of one shape, N >= 1, in a batch of at least `least` rows in all.
void check_views(const char* loss, const at::Tensor& z_a, const at::Tensor& z_b, const distributed::Rows& rows,
                 int64_t least = 1);

/// Throws c10::Error unless tau > 0.
void check_temperature(const char* loss, double tau);

}  // namespace directclr::loss
