#include "directclr/spectrum/clusters.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/philox.h"
#include "directclr/core/shuffle.h"
#include "directclr/linalg/row_products.h"
#include "directclr/spectrum/column_moments.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

constexpr int64_t kRoom = 1 << 23;  // products at a time

Array unit(const Array& rows) { return unit_rows(plain_rows(rows)).to(DType::kFloat32); }

// For each of `queries` the row of `bank` with the largest inner product less offset (one a row of the bank, or none).
struct Nearest {
  std::vector<int64_t> index;
  std::vector<float> closeness;
};
Nearest nearest_of(const linalg::PackedRows& queries, const linalg::PackedRows& bank, std::span<const float> offsets,
                   const std::function<void()>& between_blocks) {
  const auto n = static_cast<size_t>(queries.rows()), columns = static_cast<size_t>(bank.rows());
  Nearest nearest{std::vector<int64_t>(n, 0), std::vector<float>(n, -INFINITY)};
  constexpr int64_t kPanel = linalg::PackedRows::kStep;
  const int64_t rows_at_once = std::max(kRoom / bank.rows() / kPanel, int64_t{1}) * kPanel;
  Array room = Array::empty({std::min(rows_at_once, queries.rows()) * bank.rows()}, DType::kFloat32);
  for (int64_t i = 0; i < queries.rows(); i += rows_at_once) {
    between_blocks();
    const int64_t height = std::min(rows_at_once, queries.rows() - i);
    Array block = room.slice(0, height * bank.rows()).reshaped({height, bank.rows()});
    queries.products(i, height, bank, 0, bank.rows(), block);
    const auto products = block.values<float>();
    parallel_for(static_cast<size_t>(height), 16, [&](size_t first, size_t end) {
      for (size_t r = first; r < end; ++r) {
        const size_t at = static_cast<size_t>(i) + r;
        for (size_t j = 0; j < columns; ++j) {
          const float value = products[r * columns + j] - (offsets.empty() ? 0 : offsets[j]);
          if (value <= nearest.closeness[at]) continue;
          nearest.closeness[at] = value;
          nearest.index[at] = static_cast<int64_t>(j);
        }
      }
    });
  }
  return nearest;
}

// The centre nearest to each row, and how near.
Nearest assign(const linalg::PackedRows& x, const Array& centres) {
  // |x - c|^2 = 1 + |c|^2 - 2 x.c: centres, means of unit vectors, are shorter than 1.
  std::vector<float> half;
  for (const double length : row_lengths(centres)) half.push_back(static_cast<float>(length * length / 2));
  return nearest_of(x, linalg::PackedRows(centres), half, [] {});
}

Array first_centres(const Array& x, int64_t clusters, RandomStream& random) {
  const auto n = static_cast<size_t>(x.size(0)), dimensions = static_cast<size_t>(x.size(1));
  const auto values = x.values<float>();
  std::vector<double> distance(n, INFINITY);
  // Each row's squared distance from the centres so far, with one more.
  const auto look_at = [&](int64_t centre) {
    const auto c = values.subspan(static_cast<size_t>(centre) * dimensions, dimensions);
    parallel_for(n, 256, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) {
        double product = 0;
        for (size_t d = 0; d < dimensions; ++d) {
          product += static_cast<double>(values[i * dimensions + d]) * static_cast<double>(c[d]);
        }
        distance[i] = std::min(distance[i], std::max(0.0, 2 - 2 * product));
      }
    });
  };
  std::vector<int64_t> chosen = {static_cast<int64_t>(random.below(static_cast<uint32_t>(n)))};
  look_at(chosen[0]);
  while (static_cast<int64_t>(chosen.size()) < clusters) {
    // A row, with probability in proportion to its squared distance from the centres so far.
    std::vector<double> sums(n);
    std::partial_sum(distance.begin(), distance.end(), sums.begin());
    const double at = random.uniform(0, 1) * sums.back();
    const auto row = std::lower_bound(sums.begin(), sums.end(), at) - sums.begin();
    chosen.push_back(std::min<int64_t>(row, x.size(0) - 1));
    look_at(chosen.back());
  }
  return x.rows(chosen);
}

// Means of the rows of each cluster; a centre that has lost all its rows takes the row farthest from its own.
Array centres_of(const Array& x, Nearest& nearest, int64_t clusters) {
  const auto dimensions = static_cast<size_t>(x.size(1));
  Array centres = Array::zeros({clusters, x.size(1)}, DType::kFloat32);
  const auto sums = centres.mutable_values<float>();
  const auto values = x.values<float>();
  std::vector<int64_t> counts(static_cast<size_t>(clusters), 0);
  for (size_t i = 0; i < nearest.index.size(); ++i) {
    const auto cluster = static_cast<size_t>(nearest.index[i]);
    ++counts[cluster];
    for (size_t d = 0; d < dimensions; ++d) sums[cluster * dimensions + d] += values[i * dimensions + d];
  }
  for (size_t k = 0; k < counts.size(); ++k) {
    const auto centre = sums.subspan(k * dimensions, dimensions);
    if (counts[k] > 0) {
      for (float& value : centre) value /= static_cast<float>(counts[k]);
      continue;
    }
    const auto farthest = std::min_element(nearest.closeness.begin(), nearest.closeness.end());
    const auto row = static_cast<size_t>(farthest - nearest.closeness.begin());
    std::copy_n(values.begin() + static_cast<ptrdiff_t>(row * dimensions), dimensions, centre.begin());
    *farthest = INFINITY;
  }
  return centres;
}

}  // namespace

std::vector<int64_t> k_means(const Array& rows, int64_t clusters, uint64_t seed, const Context& context) {
  if (rows.dim() != 2 || clusters < 1 || clusters > rows.size(0)) {
    throw std::invalid_argument("[k_means] expected (N, D) and 1 <= " + std::to_string(clusters) + " <= N, got " +
                                rows.describe());
  }
  constexpr int kIterations = 50;
  RandomStream random(seed, Purpose::kSplit, 1);
  const Array x = unit(rows);
  const linalg::PackedRows packed(x);
  Array centres = first_centres(x, clusters, random);
  std::vector<int64_t> before;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    Nearest nearest = assign(packed, centres);
    if (before == nearest.index) break;
    before = nearest.index;
    centres = centres_of(x, nearest, clusters);
    context.progress({"k-means", static_cast<uint64_t>(iteration + 1), kIterations, "iterations",
                      static_cast<uint64_t>(iteration + 1), ""});
  }
  return before;
}

double cluster_learnability(const Array& rows, uint64_t seed, const Context& context) {
  if (rows.dim() != 2 || rows.size(0) < 8) {
    throw std::invalid_argument("[cluster_learnability] expected (N >= 8, D), got " + rows.describe());
  }
  const int64_t n = rows.size(0);
  const std::vector<int64_t> cluster =
      k_means(rows, static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(n)))), seed, context);
  RandomStream random(seed, Purpose::kSplit, 2);
  const auto order = permutation<int64_t>(static_cast<size_t>(n), random);
  const auto known = std::span(order).first(static_cast<size_t>(n / 2));
  const auto asked = std::span(order).subspan(static_cast<size_t>(n / 2));
  const Array x = unit(rows);
  const Nearest nearest = nearest_of(linalg::PackedRows(x.rows(asked)), linalg::PackedRows(x.rows(known)), {}, [&] {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
  });
  size_t right = 0;
  for (size_t q = 0; q < asked.size(); ++q) {
    const int64_t neighbour = known[static_cast<size_t>(nearest.index[q])];
    right += cluster[static_cast<size_t>(neighbour)] == cluster[static_cast<size_t>(asked[q])];
  }
  return static_cast<double>(right) / static_cast<double>(asked.size());
}

}  // namespace directclr::spectrum
