#include "directclr/loss/pair_log_sums.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "directclr/distributed/saved_group.h"
#include "directclr/linalg/pair_kernels.h"
#include "directclr/tensor/product.h"

namespace directclr::loss {
namespace {

using at::Tensor;
using tensor::product_with_transposed;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kTileColumns = 512;
// Tiles stay in a core's cache; with wide embeddings that matters less than how often grad_y travels.
constexpr int64_t kTileRows = 512, kTileRowsWide = 1024, kWide = 512;
constexpr double kSmallestTauForShift = 0.025;  // e^{-2 / tau} must be a float32

struct Problem {
  Tensor x, y;  // (N, P), (M, P)
  double tau;
  bool without_diagonal;
  int64_t first;   // place of x's first row among all rows
  int64_t height;  // rows of a block

  int64_t rows() const { return x.size(0); }
  int64_t columns() const { return y.size(0); }
  bool by_shift() const { return tau >= kSmallestTauForShift; }
  float scale() const { return static_cast<float>(1 / tau); }
  // Unit vectors in float32 may be longer than 1 by rounding; a shift a little higher keeps exponents below zero.
  float shift() const { return static_cast<float>((1 + 1e-5) / tau); }
  int64_t diagonal(int64_t first_row, int64_t first_column) const {
    return without_diagonal ? first + first_row - first_column : linalg::kNoDiagonal;
  }
};

// What a forward keeps for the backward, block by block and in each tile by tile: e^{s - shift}, and where no shift
// serves s tau. Nothing: the backward makes it again, the same bits.
using Kept = std::vector<Tensor>;

// Rows of a block: at least two blocks a thread, so that none waits long for another.
int64_t tile_rows(const Tensor& x) {
  const int64_t share = x.size(0) / (2 * std::max(1, at::get_num_threads()));
  return std::clamp<int64_t>((share + 63) / 64 * 64, 64, x.size(1) < kWide ? kTileRows : kTileRowsWide);
}

// Calls work(first_row, rows, thread) for blocks of rows, on all threads.
template <class Work>
void for_row_blocks(const Problem& problem, const Work& work) {
  const int64_t height = problem.height, blocks = (problem.rows() + height - 1) / height;
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    const at::AutoDispatchBelowAutograd below_autograd;
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * height;
      work(first, std::min(height, problem.rows() - first), at::get_thread_num());
    }
  });
}

size_t thread_slots() { return static_cast<size_t>(std::max(1, at::get_num_threads())); }

// The tile of x's rows and y's, s times tau.
Tensor tile_of(const Problem& p, const Tensor& x_block, int64_t first_column) {
  return product_with_transposed(x_block,
                                 p.y.narrow(0, first_column, std::min(kTileColumns, p.columns() - first_column)))
      .contiguous();
}

size_t tiles_across(const Problem& p) { return static_cast<size_t>((p.columns() + kTileColumns - 1) / kTileColumns); }
size_t tile_number(const Problem& p, int64_t first_row, int64_t first_column) {
  return static_cast<size_t>(first_row / p.height) * tiles_across(p) + static_cast<size_t>(first_column / kTileColumns);
}

PairLogSums tiled_log_sums(const Problem& p, Kept* kept) {
  if (kept) kept->resize(tile_number(p, p.rows() - 1, 0) + tiles_across(p));
  const linalg::PairKernels& kernels = linalg::pair_kernels();
  const auto n = static_cast<size_t>(p.rows());
  const auto m = static_cast<size_t>(p.columns());
  std::vector<double> row_sums(n, 0.0);
  std::vector<float> row_maxima(n, -std::numeric_limits<float>::infinity());
  std::vector<std::vector<double>> column_sums(thread_slots());
  std::vector<std::vector<float>> column_maxima(thread_slots());
  for_row_blocks(p, [&](int64_t first_row, int64_t rows, int thread) {
    auto& sums = column_sums[static_cast<size_t>(thread)];
    auto& maxima = column_maxima[static_cast<size_t>(thread)];
    if (sums.empty()) {
      sums.assign(m, 0.0);
      maxima.assign(m, -std::numeric_limits<float>::infinity());
    }
    const Tensor x_block = p.x.narrow(0, first_row, rows);
    const auto i = static_cast<size_t>(first_row);
    for (int64_t first = 0; first < p.columns(); first += kTileColumns) {
      const Tensor tile = tile_of(p, x_block, first);
      float* const data = tile.data_ptr<float>();
      const auto height = static_cast<size_t>(tile.size(0));
      const auto width = static_cast<size_t>(tile.size(1));
      const auto j = static_cast<size_t>(first);
      const int64_t diagonal = p.diagonal(first_row, first);
      if (p.by_shift()) {
        kernels.exponentials(data, height, width, p.scale(), p.shift(), diagonal, &row_sums[i], &sums[j]);
      } else {
        kernels.running_row_sums(data, height, width, p.scale(), diagonal, &row_maxima[i], &row_sums[i]);
        kernels.running_column_sums(data, height, width, p.scale(), diagonal, &maxima[j], &sums[j]);
      }
      if (kept) (*kept)[tile_number(p, first_row, first)] = tile;
    }
  });
  const auto options = p.x.options().dtype(at::kDouble);
  PairLogSums result{at::empty({p.rows()}, options), at::empty({p.columns()}, options)};
  auto* const rows = result.rows.data_ptr<double>();
  auto* const columns = result.columns.data_ptr<double>();
  for (size_t i = 0; i < n; ++i) rows[i] = std::log(row_sums[i]) + (p.by_shift() ? p.shift() : row_maxima[i]);
  for (size_t j = 0; j < m; ++j) {
    double top = -std::numeric_limits<double>::infinity();
    for (const auto& maxima : column_maxima) {
      if (!maxima.empty()) top = std::max(top, static_cast<double>(maxima[j]));
    }
    double total = 0;
    for (size_t t = 0; t < column_sums.size(); ++t) {
      if (!column_sums[t].empty())
        total += column_sums[t][j] * (p.by_shift() ? 1 : std::exp(column_maxima[t][j] - top));
    }
    // A process's share of a column may hold nothing but the diagonal: its log-sum is minus infinity.
    columns[j] =
        total > 0 ? std::log(total) + (p.by_shift() ? p.shift() : top) : -std::numeric_limits<double>::infinity();
  }
  return result;
}

// What a similarity's weight in the gradient is made of: by shift e^{s - shift} (rows_i + columns_j), float32.
struct Factors {
  Tensor rows, columns;
};
Factors factors_of(const Problem& p, const PairLogSums& sums, const Tensor& g, const Tensor& h) {
  return {(p.by_shift() ? g * (p.shift() - sums.rows).exp() : g).to(at::kFloat).contiguous(),
          (p.by_shift() ? h * (p.shift() - sums.columns).exp() : h).to(at::kFloat).contiguous()};
}

// Gradients of sum_i g_i rows_i + sum_j h_j columns_j in x and y.
std::pair<Tensor, Tensor> tiled_gradients(const Problem& p, const PairLogSums& sums, const Kept& kept, const Tensor& g,
                                          const Tensor& h) {
  const linalg::PairKernels& kernels = linalg::pair_kernels();
  const Factors factors = factors_of(p, sums, g, h);
  const Tensor row_logs = sums.rows.to(at::kFloat), column_logs = sums.columns.to(at::kFloat);
  const Tensor grad_x = at::empty_like(p.x);
  std::vector<Tensor> grad_y_transposed(thread_slots());  // (P, M) a thread
  for_row_blocks(p, [&](int64_t first_row, int64_t rows, int thread) {
    Tensor& for_y = grad_y_transposed[static_cast<size_t>(thread)];
    if (!for_y.defined()) for_y = at::zeros({p.y.size(1), p.columns()}, p.y.options());
    const Tensor x_block = p.x.narrow(0, first_row, rows);
    const Tensor x_transposed = x_block.t().contiguous();  // (P, rows)
    Tensor for_x = at::zeros_like(x_block);
    for (int64_t first = 0; first < p.columns(); first += kTileColumns) {
      const Tensor tile = kept.empty() ? tile_of(p, x_block, first) : kept[tile_number(p, first_row, first)];
      const Tensor weights = kept.empty() ? tile : at::empty_like(tile);
      const auto width = static_cast<size_t>(tile.size(1)), height = static_cast<size_t>(rows);
      const int64_t diagonal = p.diagonal(first_row, first);
      const auto at_row = [&](const Tensor& t) { return t.data_ptr<float>() + first_row; };
      const auto at_column = [&](const Tensor& t) { return t.data_ptr<float>() + first; };
      if (!p.by_shift()) {
        kernels.weights_by_log_sums(tile.data_ptr<float>(), height, width, p.scale(), diagonal, at_row(factors.rows),
                                    at_row(row_logs), at_column(factors.columns), at_column(column_logs),
                                    weights.data_ptr<float>());
      } else if (kept.empty()) {
        kernels.weights_by_shift(tile.data_ptr<float>(), height, width, p.scale(), p.shift(), diagonal,
                                 at_row(factors.rows), at_column(factors.columns));
      } else {
        kernels.weights_of_exponentials(tile.data_ptr<float>(), height, width, at_row(factors.rows),
                                        at_column(factors.columns), weights.data_ptr<float>());
      }
      for_x.add_(product_with_transposed(weights, p.y.narrow(0, first, weights.size(1)).t()));
      for_y.narrow(1, first, weights.size(1)).add_(product_with_transposed(x_transposed, weights.t()));
    }
    grad_x.narrow(0, first_row, rows).copy_(for_x);
  });
  Tensor grad_y = at::zeros_like(p.y);
  for (const auto& part : grad_y_transposed) {
    if (part.defined()) grad_y.add_(part.t());
  }
  return {grad_x.div_(p.tau), grad_y.div_(p.tau)};
}

// On other devices and in other types whole rows at a time, from torch's own operators: so many that their similarities
// fill a device and leave its memory to others.
int64_t whole_rows_at_once(const Tensor& x, const Tensor& y) {
  constexpr int64_t kMostNumbers = int64_t{1} << 25, kRowsOnCpu = 1024;
  return x.is_cpu() ? kRowsOnCpu : std::clamp<int64_t>(kMostNumbers / y.size(0), 1, x.size(0));
}

// work(first, rows): blocks of rows, one after the other.
template <class Work>
void for_rows(const Problem& p, const Work& work) {
  for (int64_t first = 0; first < p.rows(); first += p.height) work(first, std::min(p.height, p.rows() - first));
}

// e^{s - shift} in float32, zero on the diagonal.
bool whole_rows_by_shift(const Problem& p) { return p.by_shift() && p.x.scalar_type() == at::kFloat; }
Tensor exponentials_of(const Problem& p, int64_t first_row, int64_t rows) {
  // The shift added to every column goes into the product where a device does that in one.
  const Tensor shifts = at::full({p.columns()}, -p.shift(), p.y.options());
  Tensor e = at::addmm(shifts, p.x.narrow(0, first_row, rows), p.y.t(), 1, p.scale()).exp_();
  if (p.without_diagonal) e.diagonal(p.first + first_row).zero_();
  return e;
}

// s in float64, minus infinity on the diagonal.
Tensor similarities_of(const Problem& p, int64_t first_row, int64_t rows) {
  Tensor s = p.x.narrow(0, first_row, rows).mm(p.y.t()).to(at::kDouble) / p.tau;
  if (p.without_diagonal) s.diagonal(p.first + first_row).fill_(-std::numeric_limits<double>::infinity());
  return s;
}

PairLogSums whole_row_log_sums(const Problem& p, Kept* kept) {
  std::vector<Tensor> rows;
  Tensor columns;
  for_rows(p, [&](int64_t first, int64_t count) {
    if (whole_rows_by_shift(p)) {
      const Tensor e = exponentials_of(p, first, count);
      rows.push_back(e.sum(1, false, at::kDouble).log_().add_(p.shift()));
      const Tensor part = e.sum(0, false, at::kDouble);
      columns = columns.defined() ? columns.add_(part) : part;
      if (kept) kept->push_back(e);
    } else {
      const Tensor s = similarities_of(p, first, count);
      rows.push_back(s.logsumexp({1}));
      const Tensor part = s.logsumexp({0});
      columns = columns.defined() ? at::logaddexp(columns, part) : part;
      if (kept) kept->push_back(s);
    }
  });
  if (whole_rows_by_shift(p)) columns.log_().add_(p.shift());
  return {at::cat(rows), columns};
}

std::pair<Tensor, Tensor> whole_row_gradients(const Problem& p, const PairLogSums& sums, const Kept& kept,
                                              const Tensor& g, const Tensor& h) {
  Tensor grad_x = at::empty_like(p.x), grad_y = at::zeros_like(p.y);
  const bool by_shift = whole_rows_by_shift(p);
  const Factors factors = by_shift ? factors_of(p, sums, g, h) : Factors{};
  for_rows(p, [&](int64_t first, int64_t count) {
    const auto block = [&](const Tensor& t) { return t.narrow(0, first, count).unsqueeze(1); };
    const auto kept_or = [&](const auto& make) {
      return kept.empty() ? make(p, first, count) : kept[static_cast<size_t>(first / p.height)];
    };
    Tensor weights;
    if (by_shift) {
      weights = (block(factors.rows) + factors.columns).mul_(kept_or(exponentials_of));
    } else {
      const Tensor s = kept_or(similarities_of);
      weights = block(g) * (s - block(sums.rows)).exp() + h * (s - sums.columns).exp();
      weights = weights.to(p.x.scalar_type());
    }
    grad_x.narrow(0, first, count).copy_(weights.mm(p.y));
    grad_y.add_(weights.t().mm(p.x.narrow(0, first, count)));
  });
  return {grad_x.div_(p.tau), grad_y.div_(p.tau)};
}

bool tiled(const Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

double bytes_kept(const Problem& p) {
  const bool narrow = tiled(p.x) || whole_rows_by_shift(p);
  return static_cast<double>(p.rows()) * static_cast<double>(p.columns()) * (narrow ? sizeof(float) : sizeof(double));
}

struct PairLogSumsFunction : torch::autograd::Function<PairLogSumsFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& y, double tau,
                               bool without_diagonal, const distributed::Rows& rows, double kept_bytes) {
    const distributed::ProcessGroup& group = rows.group;
    const Tensor all_y = group.world_size() == 1 ? y.contiguous() : group.all_gather_rows(y, rows.total);
    const Share mine = group.world_size() == 1 ? Share{0, y.size(0)} : group.share(rows.total);
    const Problem problem{x.contiguous(),   all_y,      tau,
                          without_diagonal, mine.first, tiled(x) ? tile_rows(x) : whole_rows_at_once(x, all_y)};
    Kept kept;
    Kept* const keep = bytes_kept(problem) <= kept_bytes ? &kept : nullptr;
    PairLogSums sums = tiled(x) ? tiled_log_sums(problem, keep) : whole_row_log_sums(problem, keep);
    if (group.world_size() > 1)
      sums.columns = group.all_gather_rows(sums.columns.unsqueeze(0), group.world_size()).logsumexp({0});
    kept.insert(kept.begin(), {problem.x, problem.y, sums.rows, sums.columns});
    context->save_for_backward(std::move(kept));  // freed after the backward
    context->saved_data["tau"] = tau;
    context->saved_data["without_diagonal"] = without_diagonal;
    context->saved_data["first"] = mine.first;
    context->saved_data["height"] = problem.height;
    context->saved_data["total"] = rows.total;
    context->saved_data["group"] = distributed::SavedGroup::of(group);
    return {sums.rows, sums.columns.narrow(0, mine.first, mine.count)};
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Problem problem{saved[0],
                          saved[1],
                          context->saved_data["tau"].toDouble(),
                          context->saved_data["without_diagonal"].toBool(),
                          context->saved_data["first"].toInt(),
                          context->saved_data["height"].toInt()};
    const PairLogSums sums{saved[2], saved[3]};
    const Kept kept(saved.begin() + 4, saved.end());
    const distributed::ProcessGroup group = distributed::SavedGroup::from(context->saved_data["group"]);
    const int64_t total = context->saved_data["total"].toInt();
    const Tensor g = grads[0].defined() ? grads[0] : at::zeros_like(sums.rows);
    Tensor h = grads[1];
    if (!h.defined()) {  // of no process: they all run the same graph
      h = at::zeros_like(sums.columns);
    } else if (group.world_size() > 1) {
      h = group.all_gather_rows(h, total);
    }
    auto [grad_x, grad_y] =
        tiled(problem.x) ? tiled_gradients(problem, sums, kept, g, h) : whole_row_gradients(problem, sums, kept, g, h);
    if (group.world_size() > 1) grad_y = group.reduce_scatter_rows(grad_y, total);
    return {grad_x, grad_y, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

PairLogSums pair_log_sums(const Tensor& x, const Tensor& y, double tau, bool without_diagonal,
                          const distributed::Rows& rows, double kept_bytes) {
  TORCH_CHECK(x.dim() == 2 && y.dim() == 2 && x.size(1) == y.size(1) && x.size(0) >= 1 && y.size(0) >= 1,
              "[pair_log_sums] expected (N, P) and (M, P), got ", x.sizes(), " and ", y.sizes());
  const bool alone = rows.group.world_size() == 1;
  TORCH_CHECK(!without_diagonal || (x.size(0) == y.size(0) && (alone ? x.size(0) : rows.total) >= 2),
              "[pair_log_sums] without a diagonal: expected at least two rows, as many of both, got ", x.sizes(),
              " and ", y.sizes());
  TORCH_CHECK(alone || (x.size(0) == y.size(0) && x.size(0) == rows.group.share(rows.total).count),
              "[pair_log_sums] expected this process's share of ", rows.total, " rows of both, got ", x.sizes(),
              " and ", y.sizes());
  TORCH_CHECK(tau > 0, "[pair_log_sums] expected tau > 0, got ", tau);
  const bool differentiated = at::GradMode::is_enabled() && (x.requires_grad() || y.requires_grad());
  auto sums = PairLogSumsFunction::apply(x, y, tau, without_diagonal, rows, differentiated ? kept_bytes : 0);
  return {sums[0], sums[1]};
}

}  // namespace directclr::loss
