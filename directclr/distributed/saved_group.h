#pragma once

#include <ATen/core/ivalue.h>

#include <utility>

#include "directclr/distributed/process_group.h"

namespace directclr::distributed {

/// A group among what an autograd function keeps for its backward (AutogradContext::saved_data).
class SavedGroup {
 public:
  static c10::IValue of(const ProcessGroup& group) {
    return c10::IValue::make_capsule(c10::make_intrusive<Holder>(group));
  }
  static ProcessGroup from(const c10::IValue& value) {
    return c10::static_intrusive_pointer_cast<Holder>(value.toCapsule())->group;
  }

 private:
  struct Holder : torch::CustomClassHolder {
    explicit Holder(ProcessGroup g) : group(std::move(g)) {}
    ProcessGroup group;
  };
};

}  // namespace directclr::distributed
