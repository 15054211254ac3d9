#define USE_C10D_GLOO
#include "directclr/distributed/process_group.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <chrono>
#include <cstring>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "directclr/core/text.h"
#include "directclr/distributed/local_exchange.h"
#include "directclr/distributed/nccl.h"
#include "directclr/distributed/watch.h"

namespace directclr::distributed {
namespace {

using at::Tensor;
using Milliseconds = std::chrono::milliseconds;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

// How long rank 0 stays after a failure, so that the others can still ask its store whose fault it was.
constexpr auto kStayAfterFailure = std::chrono::seconds(4);
// How long after the timeout NCCL itself may take to break off an operation.
constexpr auto kGraceOnDevice = std::chrono::seconds(5);

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string where(const ProcessEnvironment& e) { return e.address + ":" + std::to_string(e.port); }

StorePointer open_store(const ProcessEnvironment& e, bool server, Milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(e.port);
  options.isServer = server;
  options.numWorkers = static_cast<size_t>(e.size);
  options.waitWorkers = false;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(e.address, options);
}

std::string prefix(const ProcessEnvironment& e) { return "directclr/" + e.attempt; }

class TcpLine final : public StoreLine {
 public:
  explicit TcpLine(const ProcessEnvironment& e)
      : store_(c10::make_intrusive<c10d::PrefixStore>(prefix(e), open_store(e, false, std::chrono::seconds(2)))) {}
  void set(const std::string& key, const std::string& value) override { store_->set(key, bytes(value)); }
  std::string get(const std::string& key) override {
    if (!store_->check({key})) return "";
    return text(store_->get(key));
  }
  std::string set_once(const std::string& key, const std::string& value) override {
    return text(store_->compareSet(key, {}, bytes(value)));
  }

 private:
  static std::vector<uint8_t> bytes(const std::string& value) { return {value.begin(), value.end()}; }
  static std::string text(const std::vector<uint8_t>& value) { return {value.begin(), value.end()}; }
  StorePointer store_;
};

// Opens the store on rank 0, or reaches it.
StorePointer meet(const ProcessEnvironment& e, Milliseconds timeout) {
  const bool server = e.rank == 0 && !e.store_hosted;
  try {
    return open_store(e, server, timeout);
  } catch (const std::exception& error) {
    const std::string reason = first_line(error.what());
    if (server) {
      throw InputError("MASTER_PORT", "cannot listen at " + where(e) + ": " + reason,
                       "is the port taken? Choose another: MASTER_PORT=N");
    }
    throw InputError(
        "MASTER_ADDR",
        format("nobody answered at %s within %lld s", where(e).c_str(), static_cast<long long>(timeout.count() / 1000)),
        "does rank 0 run, and do MASTER_ADDR and MASTER_PORT lead to it?");
  }
}

// Waits until all processes are there.
void assemble(c10d::Store& store, const ProcessEnvironment& e, Milliseconds timeout) {
  const auto key = [](int64_t rank) { return "present/" + std::to_string(rank); };
  if (store.add(key(e.rank), 1) > 1) {
    throw InputError("RANK", "another process says that it is rank " + std::to_string(e.rank) + " too",
                     "every process needs a rank of its own");
  }
  std::vector<std::string> keys;
  for (int64_t r = 0; r < e.size; ++r) keys.push_back(key(r));
  try {
    store.wait(keys, timeout);
  } catch (const std::exception&) {
    std::string missing;
    try {
      for (int64_t r = 0; r < e.size; ++r) {
        if (!store.check({key(r)})) missing += (missing.empty() ? "" : ", ") + std::to_string(r);
      }
    } catch (const std::exception&) {
      throw RankFailure("rank 0 gave up waiting for the others", /*already_reported=*/true);
    }
    throw InputError("WORLD_SIZE",
                     format("of %lld processes rank %s did not appear within %lld s", static_cast<long long>(e.size),
                            missing.c_str(), static_cast<long long>(timeout.count() / 1000)),
                     "were all started, with the same WORLD_SIZE?");
  }
}

std::shared_ptr<gloo::transport::Device> network_device(const ProcessEnvironment& e) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME"); interface && *interface) {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  }
  if (e.local_size == e.size) return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  return c10d::ProcessGroupGloo::createDefaultDevice();
}

c10::intrusive_ptr<c10d::Backend> make_gloo(const StorePointer& store, int64_t rank, int64_t size, Milliseconds timeout,
                                            const std::shared_ptr<gloo::transport::Device>& device) {
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices = {device};
  return c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store),
                                                     static_cast<int>(rank), static_cast<int>(size), options);
}

// Rows filled up with zeros to the largest share, since collectives want equal shapes.
Tensor padded(const Tensor& rows, int64_t most) {
  if (rows.size(0) == most) return rows.contiguous();
  auto shape = rows.sizes().vec();
  shape[0] = most - rows.size(0);
  return at::cat({rows, at::zeros(shape, rows.options())});
}

// All ranks' rows without what filled them up.
Tensor joined(std::vector<Tensor> parts, int64_t total) {
  const auto size = static_cast<int64_t>(parts.size());
  for (int64_t r = 0; r < size; ++r) {
    auto& part = parts[static_cast<size_t>(r)];
    part = part.narrow(0, 0, share_of(total, r, size).count);
  }
  return at::cat(parts);
}

}  // namespace

struct ProcessGroup::Connection {
  int64_t rank = 0;
  int64_t size = 1;
  int64_t local_rank = 0;
  StorePointer store;
  c10::intrusive_ptr<c10d::Backend> gloo, nccl;
  std::unique_ptr<LocalExchange> local;  // where all processes are on one machine
  std::unique_ptr<Watch> watch;
  bool holds_store = false;
  bool failed = false;

  ~Connection() {
    if (!failed) {
      if (nccl) nccl->shutdown();
      return;
    }
    // A broken connection's threads wait for processes that will not answer; the program is about to end and leaves
    // them.
    (void)watch.release();
    (void)gloo.release();
    (void)nccl.release();
    (void)store.release();
  }

  c10d::Backend& backend(const Tensor& t) const {
    TORCH_CHECK(t.is_cpu() || nccl, "[ProcessGroup] expected a tensor on the CPU, got one on ", t.device());
    return t.is_cpu() ? *gloo : *nccl;
  }

  // Runs one operation; a failure of it is looked into.
  void guarded(const std::function<void()>& operation) {
    try {
      // Operations on a CUDA device fail after they were begun, and the host goes on with whatever they left.
      if (nccl && nccl->getError() != c10d::ErrorType::SUCCESS) throw Error("NCCL gave an operation up");
      operation();
    } catch (const std::exception& error) {
      failed = true;
      if (!watch) throw RankFailure("the connection between the processes broke: " + first_line(error.what()), false);
      throw watch->diagnose(first_line(error.what()));
    }
  }

  // Everybody's small tensor (size, ...) through shared memory; undefined where that is no way.
  Tensor gather_locally(const Tensor& t) {
    if (!local || !t.is_cpu() || t.nbytes() > LocalExchange::kMostBytes) return {};
    if (watch) watch->operation_begins();
    auto shape = t.sizes().vec();
    shape.insert(shape.begin(), size);
    const Tensor all = at::empty(shape, t.options());
    guarded([&] { local->gather(t.data_ptr(), t.nbytes(), all.data_ptr()); });
    return all;
  }

  using Start = std::function<c10::intrusive_ptr<c10d::Work>()>;
  void complete(const Tensor& of, const Start& start) {
    if (watch) watch->operation_begins(!of.is_cpu());
    guarded([&] { start()->wait(); });
  }
};

ProcessGroup ProcessGroup::join(const ProcessEnvironment& e, at::Device device, double timeout_seconds,
                                const std::function<void(const RankFailure&)>& give_up) {
  ProcessGroup group;
  if (e.is_single()) return group;
  const Milliseconds timeout(std::llround(1000 * timeout_seconds));
  auto c = std::make_shared<Connection>();
  c->rank = e.rank;
  c->size = e.size;
  c->local_rank = e.local_rank;
  c->holds_store = e.rank == 0 && !e.store_hosted;
  c->store = c10::make_intrusive<c10d::PrefixStore>(prefix(e), meet(e, timeout));
  assemble(*c->store, e, timeout);
  if (device.is_cuda()) {  // before there are threads: it sets environment variables
    c->nccl = make_nccl(c10::make_intrusive<c10d::PrefixStore>("nccl", c->store), static_cast<int>(e.rank),
                        static_cast<int>(e.size), timeout);
  }
  Watch::GiveUp last_resort;
  if (device.is_cuda() && give_up) {
    last_resort = [give_up, stays = c->holds_store](const RankFailure& failure) {
      if (stays) std::this_thread::sleep_for(kStayAfterFailure);
      give_up(failure);
    };
  }
  c->watch = std::make_unique<Watch>(
      e.rank, e.size, [e] { return std::make_unique<TcpLine>(e); }, timeout + kGraceOnDevice, last_resort);
  c->guarded([&] { c->gloo = make_gloo(c->store, e.rank, e.size, timeout, network_device(e)); });
  if (e.local_size == e.size) c->local = LocalExchange::open(*c->store, e.rank, e.size, timeout);
  group.connection_ = std::move(c);
  return group;
}

ProcessGroup ProcessGroup::over(const StorePointer& store, int64_t rank, int64_t size, double timeout_seconds,
                                bool shared_memory) {
  ProcessGroup group;
  if (size == 1) return group;
  const Milliseconds timeout(std::llround(1000 * timeout_seconds));
  auto c = std::make_shared<Connection>();
  c->rank = rank;
  c->size = size;
  c->gloo = make_gloo(store, rank, size, timeout, c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
  if (shared_memory) c->local = LocalExchange::open(*store, rank, size, timeout);
  group.connection_ = std::move(c);
  return group;
}

int64_t ProcessGroup::rank() const { return connection_ ? connection_->rank : 0; }
int64_t ProcessGroup::local_rank() const { return connection_ ? connection_->local_rank : 0; }
int64_t ProcessGroup::world_size() const { return connection_ ? connection_->size : 1; }

void ProcessGroup::all_reduce_(Tensor& t) const {
  if (world_size() == 1) return;
  TORCH_CHECK(t.is_contiguous(), "[ProcessGroup::all_reduce_] expected a contiguous tensor");
  const Tensor all = connection_->gather_locally(t);
  if (!all.defined()) return begin_all_reduce_(t)();
  const at::NoGradGuard no_grad;
  t.copy_(all.sum(0));
}

std::function<void()> ProcessGroup::begin_all_reduce_(Tensor t) const {
  if (world_size() == 1) return [] {};
  TORCH_CHECK(t.is_contiguous(), "[ProcessGroup::all_reduce_] expected a contiguous tensor");
  if (connection_->watch) connection_->watch->operation_begins(!t.is_cpu());
  auto tensors = std::make_shared<std::vector<Tensor>>(1, t);
  c10::intrusive_ptr<c10d::Work> work;
  connection_->guarded([&] { work = connection_->backend(t).allreduce(*tensors); });
  return [connection = connection_, work, tensors] { connection->guarded([&] { work->wait(); }); };
}

double ProcessGroup::all_reduce(double value) const {
  if (world_size() == 1) return value;
  Tensor t = at::zeros({1}, at::kDouble);
  t.fill_(value);
  all_reduce_(t);
  return t.item<double>();
}

Tensor ProcessGroup::all_gather_rows(const Tensor& rows, int64_t total) const {
  const Share mine = share(total);
  TORCH_CHECK(rows.dim() >= 1 && rows.size(0) == mine.count, "[ProcessGroup::all_gather_rows] expected ", mine.count,
              " rows, this process's share of ", total, ", got ", rows.sizes());
  const at::NoGradGuard no_grad;
  if (world_size() == 1) return rows;
  const int64_t most = (total + world_size() - 1) / world_size();
  std::vector<Tensor> input = {padded(rows, most)};
  std::vector<std::vector<Tensor>> parts(1);
  if (const Tensor all = connection_->gather_locally(input[0]); all.defined()) {
    return joined(all.unbind(0), total);
  }
  for (int64_t r = 0; r < world_size(); ++r) parts[0].push_back(at::empty(input[0].sizes(), input[0].options()));
  connection_->complete(rows, [&] { return connection_->backend(rows).allgather(parts, input); });
  return joined(parts[0], total);
}

Tensor ProcessGroup::gather_rows_to_root(const Tensor& rows, int64_t total) const {
  const Share mine = share(total);
  TORCH_CHECK(rows.dim() >= 1 && rows.size(0) == mine.count, "[ProcessGroup::gather_rows_to_root] expected ",
              mine.count, " rows, this process's share of ", total, ", got ", rows.sizes());
  const at::NoGradGuard no_grad;
  if (world_size() == 1) return rows;
  const int64_t most = (total + world_size() - 1) / world_size();
  std::vector<Tensor> input = {padded(rows, most)};
  std::vector<std::vector<Tensor>> parts;
  if (is_root()) {
    parts.resize(1);
    for (int64_t r = 0; r < world_size(); ++r) parts[0].push_back(at::empty(input[0].sizes(), input[0].options()));
  }
  c10d::GatherOptions options;
  options.rootRank = 0;
  connection_->complete(rows, [&] { return connection_->backend(rows).gather(parts, input, options); });
  if (!is_root()) return {};
  return joined(parts[0], total);
}

Tensor ProcessGroup::reduce_scatter_rows(const Tensor& full, int64_t total) const {
  TORCH_CHECK(full.dim() >= 1 && full.size(0) == total, "[ProcessGroup::reduce_scatter_rows] expected ", total,
              " rows, got ", full.sizes());
  const at::NoGradGuard no_grad;
  if (world_size() == 1) return full;
  const int64_t most = (total + world_size() - 1) / world_size();
  std::vector<std::vector<Tensor>> parts(1);
  for (int64_t r = 0; r < world_size(); ++r) {
    const Share part = share_of(total, r, world_size());
    parts[0].push_back(padded(full.narrow(0, part.first, part.count), most));
  }
  std::vector<Tensor> mine = {at::empty(parts[0][0].sizes(), full.options())};
  connection_->complete(full, [&] { return connection_->backend(full).reduce_scatter(mine, parts); });
  return mine[0].narrow(0, 0, share(total).count);
}

void ProcessGroup::broadcast_(Tensor& t) const {
  if (world_size() == 1) return;
  const at::NoGradGuard no_grad;
  std::vector<Tensor> tensors = {t.contiguous()};
  connection_->complete(t, [&] { return connection_->backend(t).broadcast(tensors); });
  if (!tensors[0].is_same(t)) t.copy_(tensors[0]);
}

std::vector<std::string> ProcessGroup::all_gather_text(const std::string& text) const {
  if (world_size() == 1) return {text};
  Tensor length = at::zeros({1}, at::kLong);
  length.fill_(static_cast<int64_t>(text.size()));
  const Tensor lengths = all_gather_rows(length, world_size());
  const int64_t most = std::max<int64_t>(1, lengths.max().item<int64_t>());
  Tensor bytes = at::zeros({1, most}, at::kByte);
  std::memcpy(bytes.data_ptr<uint8_t>(), text.data(), text.size());
  const Tensor all = all_gather_rows(bytes, world_size());
  std::vector<std::string> texts;
  for (int64_t r = 0; r < world_size(); ++r) {
    texts.emplace_back(reinterpret_cast<const char*>(all.data_ptr<uint8_t>()) + r * most,
                       static_cast<size_t>(lengths[r].item<int64_t>()));
  }
  return texts;
}

void ProcessGroup::barrier() const { all_reduce(0); }

void ProcessGroup::set_activity(const std::string& activity, bool on_device) const {
  if (connection_ && connection_->watch) connection_->watch->doing(activity, on_device);
}

void ProcessGroup::run(const std::function<void()>& work) const {
  if (world_size() == 1) return work();
  // Rank 0 leaves last: its store answers the others' questions.
  const auto stay = [&] {
    connection_->failed = true;
    if (!connection_->holds_store) return;
    // The others must notice now. Taking the connection apart can take for ever where an operation still waits.
    std::thread([gloo = std::move(connection_->gloo)]() mutable { gloo.reset(); }).detach();
    std::this_thread::sleep_for(kStayAfterFailure);
  };
  try {
    work();
  } catch (const Interrupted&) {  // agreed on: all processes throw it
    throw;
  } catch (const NumericalError&) {  // likewise
    throw;
  } catch (const RankFailure&) {
    stay();
    throw;
  } catch (const std::exception& error) {
    if (connection_->watch) connection_->watch->announce(first_line(error.what()));
    stay();
    throw;
  }
}

}  // namespace directclr::distributed
