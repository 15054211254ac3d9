#include "directclr/eval/knn.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace directclr::eval {
namespace {

// Votes counted one by one.
double plain(const at::Tensor& bank, const at::Tensor& bank_labels, const at::Tensor& queries, const at::Tensor& labels,
             int64_t classes, const settings::KnnSettings& s) {
  int64_t correct = 0;
  for (int64_t q = 0; q < queries.size(0); ++q) {
    std::vector<std::pair<double, int64_t>> near;
    for (int64_t i = 0; i < bank.size(0); ++i) {
      const double cosine = (bank[i].dot(queries[q]) / bank[i].norm() / queries[q].norm()).item<double>();
      near.emplace_back(-cosine, bank_labels[i].item<int64_t>());
    }
    std::sort(near.begin(), near.end());
    std::vector<double> votes(static_cast<size_t>(classes));
    for (int64_t k = 0; k < std::min<int64_t>(s.k, bank.size(0)); ++k) {
      const auto& [cosine, label] = near[static_cast<size_t>(k)];
      votes[static_cast<size_t>(label)] += std::exp(-cosine / s.knn_temperature);
    }
    correct += std::max_element(votes.begin(), votes.end()) - votes.begin() == labels[q].item<int64_t>();
  }
  return static_cast<double>(correct) / static_cast<double>(queries.size(0));
}

TEST(Knn, EqualsVotesCountedOneByOne) {
  at::manual_seed(1);
  const at::Tensor centres = at::randn({4, 6});
  const at::Tensor bank_labels = at::randint(4, {90});
  const at::Tensor labels = at::randint(4, {600});
  const at::Tensor bank = centres.index_select(0, bank_labels) + at::randn({90, 6});
  const at::Tensor queries = centres.index_select(0, labels) + at::randn({600, 6});
  for (const int64_t k : {1, 5, 20, 500}) {
    settings::KnnSettings s;
    s.k = k;
    s.knn_temperature = 0.2;
    const double accuracy = knn_accuracy(bank, bank_labels, queries, labels, 4, s);
    EXPECT_EQ(accuracy, plain(bank, bank_labels, queries, labels, 4, s)) << "k " << k;
    EXPECT_GT(accuracy, 0.3);
    EXPECT_LT(accuracy, 1.0);
  }
}

}  // namespace
}  // namespace directclr::eval
