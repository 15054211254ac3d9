#include "directclr/paper/variants.h"

#include <string>

namespace directclr::paper {
namespace {

Variant with_projector(const std::string& name, const std::string& label) {
  return {name, label, {{"projector", name}}, "", "none"};
}

Variant with_d0(const std::string& projector, const std::string& label, int64_t d0) {
  const std::string number = std::to_string(d0);
  return {projector + "-" + number,
          label + " (d0 = " + number + ")",
          {{"projector", projector}, {"d0", number}},
          "",
          "none"};
}

}  // namespace

Variant no_projector() { return with_projector("none", "no projector"); }
Variant mlp() { return with_projector("mlp", "2-layer MLP"); }
Variant linear() { return with_projector("linear", "linear projector"); }
Variant orthogonal() { return with_projector("orthogonal", "orthogonal projector"); }
Variant diagonal() { return with_projector("diagonal", "trainable diagonal projector"); }
Variant fixed_low_rank(int64_t d0) { return with_d0("lowrank-fixed", "fixed low-rank projector", d0); }
Variant random_dropout(int64_t d0) { return with_d0("random-dropout", "random dropout", d0); }

Variant direct(int64_t d0) {
  Variant variant = with_d0("direct", "DirectCLR", d0);
  variant.dims = "0:" + std::to_string(d0);
  return variant;
}

}  // namespace directclr::paper
