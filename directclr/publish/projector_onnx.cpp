#include <Eigen/Core>
#include <algorithm>
#include <unsupported/Eigen/MatrixFunctions>

#include "directclr/publish/network_onnx.h"

namespace directclr::publish {
namespace {

using settings::ProjectorSettings;

array::Array numbers(const std::vector<int64_t>& values) {
  array::Array array = array::Array::empty({static_cast<int64_t>(values.size())}, array::DType::kInt64);
  std::copy(values.begin(), values.end(), array.mutable_data<int64_t>());
  return array;
}

// In evaluation z is r.
std::string nothing(NetworkOnnx&, const std::string& r, const ProjectorSettings&, int64_t) { return r; }

std::string first_columns(NetworkOnnx& network, const std::string& r, const ProjectorSettings& s, int64_t width) {
  return network.node("Slice",
                      {r, network.constant("from", numbers({0})),
                       network.constant("to", numbers({s.resolved_d0(width)})), network.constant("axis", numbers({1}))},
                      "columns");
}

// x W^T with the weights of that name.
std::string times(NetworkOnnx& network, const std::string& x, const std::string& name) {
  return network.node("Gemm", {x, network.constant(name)}, "times_" + name, {{"transB", int64_t{1}}});
}

std::string linear(NetworkOnnx& network, const std::string& r, const ProjectorSettings&, int64_t) {
  return times(network, r, "weight");
}

std::string scaled(NetworkOnnx& network, const std::string& r, const ProjectorSettings& s, int64_t width) {
  return network.node("Mul", {r, network.constant(s.projector == "diagonal" ? "weight" : "mask", {width})}, "scaled");
}

// W = expm(A - A^T), computed here: ONNX has no matrix exponential.
std::string orthogonal(NetworkOnnx& network, const std::string& r, const ProjectorSettings&, int64_t width) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const array::Array a = network.values("weight").to(array::DType::kFloat64);
  const Eigen::Map<const Matrix> parameter(a.data<double>(), width, width);
  const Matrix skew = parameter - parameter.transpose();
  const Matrix exponential = skew.exp();
  array::Array w = array::Array::empty({width, width}, array::DType::kFloat32);
  Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(w.mutable_data<float>(), width,
                                                                                    width) = exponential.cast<float>();
  return network.node("Gemm", {r, network.constant("orthogonal", w)}, "rotated", {{"transB", int64_t{1}}});
}

std::string low_rank(NetworkOnnx& network, const std::string& r, const ProjectorSettings&, int64_t) {
  return times(network, times(network, r, "down"), "up");
}

std::string fixed_low_rank(NetworkOnnx& network, const std::string& r, const ProjectorSettings&, int64_t) {
  return times(network, r, "matrix");
}

std::string group_sums(NetworkOnnx& network, const std::string& r, const ProjectorSettings& s, int64_t width) {
  const int64_t d0 = s.resolved_d0(width);
  const std::string shuffled =
      network.node("Gather", {r, network.constant("order", {width})}, "shuffled", {{"axis", int64_t{1}}});
  const std::string groups =
      network.node("Reshape", {shuffled, network.constant("shape", numbers({-1, width / d0, d0}))}, "groups");
  return network.node("ReduceSum", {groups, network.constant("axis", numbers({1}))}, "sums",
                      {{"keepdims", int64_t{0}}});
}

std::string batch_norm(NetworkOnnx& network, const std::string& r, const ProjectorSettings&, int64_t width) {
  return network.batch_norm(r, "norm", width);
}

// The layers as model/projector.cpp counts them: each linear one, what normalises it, and a ReLU behind all but the
// last.
std::string mlp(NetworkOnnx& network, const std::string& r, const ProjectorSettings& s, int64_t width) {
  std::string h = r;
  int64_t index = 0;
  for (int64_t layer = 1; layer <= s.mlp_depth; ++layer) {
    const bool last = layer == s.mlp_depth;
    const int64_t out = last ? s.projector_dim : (s.mlp_hidden == 0 ? width : s.mlp_hidden);
    const auto name = [&] { return "layers." + std::to_string(index++); };
    h = network.linear(h, name());
    if (last ? s.mlp_last_batch_norm : s.mlp_batch_norm) h = network.batch_norm(h, name(), out);
    if (!last) h = network.node("Relu", {h}, name());
  }
  return h;
}

}  // namespace

const Table<ProjectorOnnx>& projector_onnx() {
  static const Table<ProjectorOnnx> table{
      "--projector",
      {
          {"none", nothing},
          {"direct", first_columns},
          {"linear", linear},
          {"diagonal", scaled},
          {"orthogonal", orthogonal},
          {"lowrank", low_rank},
          {"lowrank-fixed", fixed_low_rank},
          {"lowrank-diagonal", scaled},
          {"group", group_sums},
          {"random-dropout", nothing},
          {"batch-norm", batch_norm},
          {"mlp", mlp},
      },
  };
  return table;
}

}  // namespace directclr::publish
