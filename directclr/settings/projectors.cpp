#include "directclr/settings/projectors.h"

namespace directclr::settings {
namespace {

ProjectorLayers as_wide_as_r(const ProjectorSettings&, int64_t width) { return {.embedding = width}; }
ProjectorLayers as_wide_as_d0(const ProjectorSettings& s, int64_t width) { return {.embedding = s.resolved_d0(width)}; }

ProjectorLayers of_linear(const ProjectorSettings& s, int64_t width) {
  return {.embedding = s.projector_dim, .linear = {{width, s.projector_dim}}};
}

ProjectorLayers of_diagonal(const ProjectorSettings&, int64_t width) {
  return {.embedding = width, .other_parameters = width};
}

ProjectorLayers of_batch_norm(const ProjectorSettings&, int64_t width) {
  return {.embedding = width, .norms = {width}};
}

ProjectorLayers of_orthogonal(const ProjectorSettings&, int64_t width) {
  // The matrix exponential, and the series that is its gradient (model/orthogonal.h): products of square matrices.
  constexpr int64_t kProducts = 30;
  return {.embedding = width, .linear = {{width, width}}, .macs_per_pass = kProducts * width * width * width};
}

ProjectorLayers of_lowrank(const ProjectorSettings& s, int64_t width) {
  const int64_t d0 = s.resolved_d0(width);
  return {.embedding = s.projector_dim, .linear = {{width, d0}, {d0, s.projector_dim}}};
}

ProjectorLayers of_fixed_lowrank(const ProjectorSettings& s, int64_t width) {
  const int64_t embedding = s.lowrank_left ? width : s.resolved_d0(width);
  return {.embedding = embedding, .linear = {{.in = width, .out = embedding, .trainable = false}}};
}

ProjectorLayers of_mlp(const ProjectorSettings& s, int64_t width) {
  ProjectorLayers layers{.embedding = s.projector_dim, .linear_in_r = s.mlp_depth == 1};
  int64_t in = width;
  for (int64_t layer = 1; layer <= s.mlp_depth; ++layer) {
    const bool last = layer == s.mlp_depth;
    const int64_t hidden = s.mlp_hidden == 0 ? width : s.mlp_hidden;
    const int64_t out = last ? s.projector_dim : hidden;
    layers.linear.push_back({in, out, s.mlp_bias});
    if (last ? s.mlp_last_batch_norm : s.mlp_batch_norm) layers.norms.push_back(out);
    in = out;
  }
  return layers;
}

}  // namespace

const Table<ProjectorKind>& projectors() {
  static const Table<ProjectorKind> table{
      "--projector",
      {
          {"none", "the loss sees r itself", as_wide_as_r},
          {"direct", "the first d0 dimensions (DirectCLR)", as_wide_as_d0, {"d0"}},
          {"linear", "a trainable matrix", of_linear, {"projector_dim"}},
          {"diagonal", "a trainable diagonal matrix", of_diagonal},
          {"orthogonal", "a trainable orthogonal matrix (matrix exponential)", of_orthogonal},
          {"lowrank", "a trainable matrix of rank d0", of_lowrank, {"d0", "projector_dim"}},
          {"lowrank-fixed", "a fixed random matrix of rank d0", of_fixed_lowrank, {"d0", "lowrank_left"}},
          {"lowrank-diagonal", "the first d0 dimensions, the others zero", as_wide_as_r, {"d0"}},
          {"group", "sums over random groups of dimensions", as_wide_as_d0, {"d0"}},
          {"random-dropout", "d0 new random dimensions every step", as_wide_as_d0, {"d0"}},
          {"batch-norm", "batch norm of r: every dimension standardised over the batch", of_batch_norm},
          {"mlp",
           "linear layers with batch norm and ReLU",
           of_mlp,
           {"projector_dim", "mlp_depth", "mlp_hidden", "mlp_batch_norm", "mlp_last_batch_norm", "mlp_bias"}},
      },
  };
  return table;
}

}  // namespace directclr::settings
