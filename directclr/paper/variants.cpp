#include "directclr/core/text.h"
#include "directclr/paper/suite.h"

namespace directclr::paper {
namespace {

Variant with_d0(const std::string& projector, const std::string& label, int64_t d0) {
  const std::string number = std::to_string(d0);
  return {projector + "-" + number, label + " (d0 = " + number + ")", {{"projector", projector}, {"d0", number}}};
}

}  // namespace

Variant no_projector() { return {"none", "no projector", {{"projector", "none"}}}; }
Variant mlp() { return {"mlp", "2-layer MLP", {{"projector", "mlp"}}}; }
Variant linear() { return {"linear", "linear", {{"projector", "linear"}}}; }
Variant orthogonal() { return {"orthogonal", "orthogonal", {{"projector", "orthogonal"}}}; }
Variant diagonal() { return {"diagonal", "trainable diagonal", {{"projector", "diagonal"}}}; }
Variant fixed_low_rank(int64_t d0) { return with_d0("lowrank-fixed", "fixed low-rank", d0); }
Variant random_dropout(int64_t d0) { return with_d0("random-dropout", "random dropout", d0); }

Variant direct(int64_t d0) {
  Variant variant = with_d0("direct", "DirectCLR", d0);
  variant.dims = "0:" + std::to_string(d0);
  return variant;
}

}  // namespace directclr::paper
