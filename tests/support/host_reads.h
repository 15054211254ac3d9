#pragma once

#include <ATen/record_function.h>

#include <cstring>

namespace directclr::test {

/// Counts, while one lives, the operations of this thread by which the host reads numbers of a tensor: on a device each
/// would wait for all that it was told before.
class HostReads {
 public:
  HostReads() {
    count_ = 0;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
          for (const char* name :
               {"aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal", "aten::nonzero", "aten::masked_select",
                "aten::_unique2", "aten::unique_consecutive", "aten::linalg_matrix_exp"}) {
            if (std::strcmp(function.name(), name) == 0) ++count_;
          }
          return nullptr;
        }));
  }
  ~HostReads() { at::removeCallback(handle_); }
  HostReads(const HostReads&) = delete;
  HostReads& operator=(const HostReads&) = delete;

  static int count() { return count_; }

 private:
  at::CallbackHandle handle_;
  inline static thread_local int count_ = 0;
};

}  // namespace directclr::test
