#include "directclr/core/error.h"
#include "directclr/distributed/nccl.h"

namespace directclr::distributed {

c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>&, int, int,
                                            std::chrono::milliseconds) {
  throw InputError("--device", "this build knows no NCCL, so several processes can only train on processors",
                   "tools/setup --cuda, then build again");
}

}  // namespace directclr::distributed
