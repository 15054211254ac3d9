#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/process_environment.h"
#include "directclr/core/share.h"

namespace c10d {
class Store;
}  // namespace c10d

namespace directclr::distributed {

/// The processes that train or evaluate together, as one of them sees them: c10d underneath, Gloo for tensors on the
/// CPU (shared memory for small ones between processes of one machine), NCCL for those on CUDA devices. Every operation
/// is collective: all processes call the same ones in the same order with tensors of the same type. A group of one,
/// which is what a default-constructed ProcessGroup is, gives everything back unchanged. Copies share one connection.
///
/// An operation that fails, because a process died, hangs or broke off, throws RankFailure (core/error.h), whose line
/// names the process and what it last did. After that the group is of no use.
class ProcessGroup {
 public:
  ProcessGroup() = default;

  /// Meets the other processes. Throws InputError when the port is taken, nobody answers at the address, or not all
  /// processes appear within `timeout_seconds`, which is also how long an operation waits for the slowest process.
  /// `give_up`: with a CUDA device, told on another thread when this one waits in the driver for a process that was
  /// lost, and nothing can wake it; all that is left is to end the program.
  static ProcessGroup join(const ProcessEnvironment& environment, at::Device device, double timeout_seconds,
                           const std::function<void(const RankFailure&)>& give_up = {});

  /// A group over a store that the caller made, without a watch on lost processes: several ranks in one process.
  /// `shared_memory`: small tensors go that way, as between all processes of one machine.
  static ProcessGroup over(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank, int64_t size,
                           double timeout_seconds, bool shared_memory = true);

  int64_t rank() const;
  int64_t world_size() const;
  /// Among the processes of this machine.
  int64_t local_rank() const;
  /// Rank 0 prints and writes.
  bool is_root() const { return rank() == 0; }
  /// The rows, of `total`, that this process holds.
  Share share(int64_t total) const { return share_of(total, rank(), world_size()); }

  /// t becomes its sum over all processes: the same bits on all of them.
  void all_reduce_(at::Tensor& t) const;
  /// The same, begun now and done once the function it gives has been called: other work can go on between.
  [[nodiscard]] std::function<void()> begin_all_reduce_(at::Tensor t) const;
  double all_reduce(double value) const;

  /// All processes' rows, in the order of their ranks: (share(total).count, ...) -> (total, ...). No graph.
  at::Tensor all_gather_rows(const at::Tensor& rows, int64_t total) const;
  /// The same on rank 0; undefined elsewhere.
  at::Tensor gather_rows_to_root(const at::Tensor& rows, int64_t total) const;
  /// The sum over all processes of (total, ...), of which each gets its own rows: (share(total).count, ...).
  at::Tensor reduce_scatter_rows(const at::Tensor& full, int64_t total) const;

  /// t becomes rank 0's.
  void broadcast_(at::Tensor& t) const;
  /// Every process's text, by rank.
  std::vector<std::string> all_gather_text(const std::string& text) const;
  void barrier() const;

  /// Tells the others, should this process be lost, what it was doing: "step 120: gradients". `on_device` false: work
  /// that no operation on a device can hold up, however long it takes.
  void set_activity(const std::string& activity, bool on_device = true) const;

  /// Runs all of this process's work; when it throws, tells the others why before it throws on. Interrupted and
  /// NumericalError must be thrown by all processes at the same point.
  void run(const std::function<void()>& work) const;

  struct Connection;

 private:
  std::shared_ptr<Connection> connection_;
};

/// Rows of one batch spread over a group: this process holds group.share(total) of them.
struct Rows {
  ProcessGroup group;
  int64_t total = 0;
};

}  // namespace directclr::distributed
