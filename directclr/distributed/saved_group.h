#pragma once

#include <ATen/core/ivalue.h>

#include <utility>

#include "directclr/distributed/group.h"

namespace directclr::distributed {

/// A group among what an autograd function keeps for its backward (AutogradContext::saved_data).
class SavedGroup {
 public:
  static c10::IValue of(const Group& group) { return c10::IValue::make_capsule(c10::make_intrusive<Holder>(group)); }
  static Group from(const c10::IValue& value) {
    return c10::static_intrusive_pointer_cast<Holder>(value.toCapsule())->group;
  }

 private:
  struct Holder : torch::CustomClassHolder {
    explicit Holder(Group g) : group(std::move(g)) {}
    Group group;
  };
};

}  // namespace directclr::distributed
