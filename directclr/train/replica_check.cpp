#include "directclr/train/replica_check.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <string_view>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::train {
namespace {

// Two checksums of different kinds: FNV's is slow on many bytes, so it takes CRCs of pieces.
int64_t hash_of(const at::Tensor& parameter) {
  constexpr size_t kPiece = 4096;
  const at::Tensor here = parameter.detach().cpu().contiguous();
  const std::string_view bytes(static_cast<const char*>(here.data_ptr()), here.nbytes());
  uint64_t hash = fnv1a({});
  for (size_t at = 0; at < bytes.size(); at += kPiece) {
    const std::string_view piece = bytes.substr(at, kPiece);
    const uint32_t crc = crc32c(piece.data(), piece.size());
    hash = fnv1a({reinterpret_cast<const char*>(&crc), sizeof(crc)}, hash);
  }
  return static_cast<int64_t>(hash);
}

}  // namespace

void check_replicas(const std::vector<optim::NamedTensor>& parameters, int64_t step,
                    const distributed::ProcessGroup& group) {
  const at::NoGradGuard no_grad;
  const auto count = static_cast<int64_t>(parameters.size());
  at::Tensor mine = at::empty({1, count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) mine.data_ptr<int64_t>()[i] = hash_of(parameters[static_cast<size_t>(i)].second);
  const at::Tensor all = group.all_gather_rows(mine, group.world_size()).contiguous();  // (ranks, parameters)
  const int64_t* const hashes = all.data_ptr<int64_t>();
  for (int64_t rank = 1; rank < group.world_size(); ++rank) {
    for (int64_t i = 0; i < count; ++i) {
      if (hashes[rank * count + i] == hashes[i]) continue;
      throw Error(format("step %lld: parameter '%s' of rank %lld differs from rank 0's", static_cast<long long>(step),
                         parameters[static_cast<size_t>(i)].first.c_str(), static_cast<long long>(rank)));
    }
  }
}

}  // namespace directclr::train
