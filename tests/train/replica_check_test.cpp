#include "directclr/train/replica_check.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <mutex>

#include "tests/support/error_of.h"
#include "tests/support/ranks.h"

namespace directclr::train {
namespace {

std::vector<optim::NamedTensor> replica_of_rank() {
  return {{"encoder/weight", torch::arange(6000, torch::kFloat).view({60, 100}) / 7}, {"encoder/bias", torch::ones(3)}};
}

// What each of so many ranks says once `change` has changed its parameters.
std::vector<std::string> messages_of_ranks(
    int64_t size, const std::function<void(int64_t rank, std::vector<optim::NamedTensor>&)>& change) {
  std::vector<std::string> messages(static_cast<size_t>(size));
  test::on_ranks(size, [&](const distributed::ProcessGroup& group) {
    auto parameters = replica_of_rank();
    change(group.rank(), parameters);
    messages[static_cast<size_t>(group.rank())] = test::error_of([&] { check_replicas(parameters, 12, group); });
  });
  return messages;
}

TEST(ReplicaCheck, ContentWithEqualParameters) {
  check_replicas(replica_of_rank(), 12, {});
  const auto messages = messages_of_ranks(3, [](int64_t, auto&) {});
  for (const auto& message : messages) EXPECT_EQ(message, "no error");
}

TEST(ReplicaCheck, NoticesTheLastBitOfAnyRank) {
  for (const int64_t changed : {0, 1, 2}) {
    const auto messages = messages_of_ranks(3, [&](int64_t rank, auto& parameters) {
      float* const value = parameters[0].second.template data_ptr<float>() + 5999;
      if (rank == changed) *value = std::nextafter(*value, 0.0F);
    });
    // Where rank 0 itself is the odd one out, rank 1 is the first that differs from it.
    const std::string expected = "step 12: parameter 'encoder/weight' of rank " +
                                 std::to_string(std::max<int64_t>(changed, 1)) + " differs from rank 0's";
    for (const auto& message : messages) EXPECT_EQ(message, expected);
  }
}

TEST(ReplicaCheck, NoticesWhatLeavesSumsAlone) {
  const auto messages = messages_of_ranks(2, [](int64_t rank, auto& parameters) {
    if (rank == 1) parameters[0].second = parameters[0].second.flip(0).contiguous();
  });
  EXPECT_NE(messages[0].find("rank 1"), std::string::npos) << messages[0];
  EXPECT_EQ(messages[1], messages[0]);
}

}  // namespace
}  // namespace directclr::train
