#include "directclr/distributed/process_group.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <set>

#include "directclr/core/error.h"
#include "tests/support/error_of.h"
#include "tests/support/ranks.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::distributed {
namespace {

TEST(Share, PartsAreContiguousCompleteAndEven) {
  for (const int64_t total : {0, 1, 5, 16, 17}) {
    for (const int64_t parts : {1, 2, 3, 4, 7}) {
      int64_t next = 0, least = total, most = 0;
      for (int64_t part = 0; part < parts; ++part) {
        const Share share = share_of(total, part, parts);
        EXPECT_EQ(share.first, next);
        next += share.count;
        least = std::min(least, share.count);
        most = std::max(most, share.count);
      }
      EXPECT_EQ(next, total);
      EXPECT_LE(most - least, 1);
    }
  }
}

TEST(ProcessGroup, OneAloneGivesEverythingBack) {
  const ProcessGroup group;
  EXPECT_TRUE(group.world_size() == 1);
  torch::Tensor t = torch::arange(6.0).view({3, 2});
  const torch::Tensor before = t.clone();
  group.all_reduce_(t);
  group.broadcast_(t);
  EXPECT_TRUE(test::identical(t, before));
  EXPECT_TRUE(test::identical(group.all_gather_rows(t, 3), before));
  EXPECT_TRUE(test::identical(group.gather_rows_to_root(t, 3), before));
  EXPECT_TRUE(test::identical(group.reduce_scatter_rows(t, 3), before));
  EXPECT_EQ(group.all_reduce(2.5), 2.5);
  EXPECT_EQ(group.all_gather_text("a"), std::vector<std::string>{"a"});
}

// Every operation against what its definition gives, with shares of unequal size.
void check_operations(bool shared_memory) {
  for (const int64_t size : {2, 3, 4}) {
    constexpr int64_t kTotal = 7;
    const torch::Tensor all = torch::arange(kTotal * 2, torch::kDouble).view({kTotal, 2});
    test::on_ranks(
        size,
        [&](const ProcessGroup& group) {
          const Share mine = group.share(kTotal);
          const torch::Tensor rows = all.narrow(0, mine.first, mine.count);
          EXPECT_TRUE(test::identical(group.all_gather_rows(rows, kTotal), all));
          const torch::Tensor at_root = group.gather_rows_to_root(rows, kTotal);
          EXPECT_EQ(at_root.defined(), group.is_root());
          if (group.is_root()) {
            EXPECT_TRUE(test::identical(at_root, all));
          }

          const double factor = static_cast<double>(group.rank() + 1);
          const double factors = static_cast<double>(size * (size + 1)) / 2;
          EXPECT_TRUE(test::all_close(group.reduce_scatter_rows(all * factor, kTotal), rows * factors, 1e-15));
          torch::Tensor summed = all * factor;
          group.all_reduce_(summed);
          EXPECT_TRUE(test::all_close(summed, all * factors, 1e-15));
          EXPECT_EQ(group.all_reduce(factor), factors);

          torch::Tensor later = all * factor;
          const auto finish = group.begin_all_reduce_(later);
          finish();
          EXPECT_TRUE(test::identical(later, summed));

          torch::Tensor transposed = (all * factor).t();  // not contiguous
          group.broadcast_(transposed);
          EXPECT_TRUE(test::identical(transposed, all.t()));

          std::vector<std::string> words;
          for (int64_t r = 0; r < size; ++r)
            words.push_back(std::string(static_cast<size_t>(3 * r), 'x') + std::to_string(r));
          EXPECT_EQ(group.all_gather_text(words[static_cast<size_t>(group.rank())]), words);
        },
        shared_memory);
  }
}

TEST(ProcessGroup, OperationsGiveWhatTheirDefinitionsSay) { check_operations(false); }
TEST(ProcessGroup, OperationsThroughSharedMemoryToo) { check_operations(true); }

// Around the size from which on tensors go another way, many times over.
TEST(ProcessGroup, SharedMemoryKeepsMessagesApart) {
  test::on_ranks(3, [](const ProcessGroup& group) {
    for (const int64_t numbers : {1, 1000, 16384, 16385}) {
      for (int i = 0; i < 100; ++i) {
        torch::Tensor t = torch::full({numbers}, static_cast<float>(i + group.rank()));
        group.all_reduce_(t);
        ASSERT_TRUE(t.eq(static_cast<float>(3 * i + 3)).all().item<bool>()) << numbers << " numbers, round " << i;
      }
    }
  });
}

TEST(ProcessGroup, SumsAreTheSameBitsOnAllRanks) {
  std::mutex mutex;
  std::set<double> sums;
  test::on_ranks(4, [&](const ProcessGroup& group) {
    torch::Generator generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(group.rank() + 1));
    torch::Tensor t = torch::empty({10007}).normal_(0, 1, generator);
    group.all_reduce_(t);
    const std::lock_guard lock(mutex);
    sums.insert(t.to(torch::kDouble).mul(torch::arange(1, 10008)).sum().item<double>());
  });
  EXPECT_EQ(sums.size(), 1U);
}

TEST(ProcessGroup, ChecksWhatItRequires) {
  test::on_ranks(2, [](const ProcessGroup& group) {
    const torch::Tensor two = torch::zeros({2, 3});
    EXPECT_THROW(group.all_gather_rows(two, 6), c10::Error);
    EXPECT_THROW(group.gather_rows_to_root(two, 6), c10::Error);
    EXPECT_THROW(group.reduce_scatter_rows(two, 6), c10::Error);
    torch::Tensor strided = torch::zeros({4, 3}).t();
    EXPECT_THROW(group.all_reduce_(strided), c10::Error);
  });
}

TEST(ProcessGroup, ALostProcessIsAnErrorOnTheOthers) {
  std::string message;
  test::on_ranks(
      2,
      [&](const ProcessGroup& group) {
        if (group.rank() == 1) return;  // gone
        try {
          group.all_reduce(1);
        } catch (const RankFailure& error) {
          message = error.what();
        }
      },
      /*shared_memory=*/false);
  EXPECT_NE(message.find("the connection between the processes broke"), std::string::npos) << message;
}

}  // namespace
}  // namespace directclr::distributed
