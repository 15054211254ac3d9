// One iteration of the two-layer experiment (16 x 16, batch 128 of 10,000 points, float64): drawing, both layers'
// gradients, the step. The peer is bench/peers/theory.py; both first reproduce the same golden descent.
#include <benchmark/benchmark.h>

#include <cmath>
#include <stdexcept>

#include "directclr/io/safetensors.h"
#include "directclr/theory/laboratory.h"

namespace {

using namespace directclr;
using theory::Matrix;

Matrix matrix_of(const io::ArrayFile& file, const std::string& name) {
  const array::Array* values = file.find(name);
  if (!values) throw std::runtime_error("no golden array " + name);
  return Eigen::Map<const Matrix>(values->values<double>().data(), values->size(0), values->size(1));
}

void check_against_golden() {
  const io::ArrayFile golden = io::read_safetensors(DIRECTCLR_GOLDENS_FOLDER "/theory.safetensors");
  const theory::Views views{matrix_of(golden, "two/x"), matrix_of(golden, "two/x_prime")};
  theory::Network network{{matrix_of(golden, "two/initial0"), matrix_of(golden, "two/initial1")}, false};
  theory::NetworkGradient gradient({});
  std::vector<Matrix> gradients;
  for (int step = 0; step < 50; ++step) {
    gradient(network, views, gradients);
    for (size_t l = 0; l < 2; ++l) network.weights[l] -= 0.1 / static_cast<double>(views.x.cols()) * gradients[l];
  }
  const double difference = (network.weights[0] - matrix_of(golden, "two/final0")).cwiseAbs().maxCoeff();
  if (!(difference < 1e-10)) throw std::runtime_error("the golden descent is not reproduced");
}

void theory_iteration(benchmark::State& state, const char* preset) {
  check_against_golden();
  theory::LaboratorySettings settings;
  settings.initial.kind = "spectrum";
  settings.preset = preset;
  settings.resolve({});
  const theory::GaussianData data = settings.data(0);
  theory::Network network = settings.network(0);
  theory::NetworkGradient gradient(settings.loss());
  std::vector<Matrix> gradients;
  theory::Views views;
  uint32_t iteration = 0;
  for (auto _ : state) {
    data.sample(settings.batch_size, iteration++, views);
    const double loss = gradient(network, views, gradients);
    const double rate = settings.learning_rate / static_cast<double>(settings.batch_size);
    for (size_t l = 0; l < gradients.size(); ++l) network.weights[l] -= rate * gradients[l];
    if (!std::isfinite(loss)) throw std::runtime_error("the experiment diverged");
  }
}
BENCHMARK_CAPTURE(theory_iteration, paper, "paper")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(theory_iteration, toy_code, "toy-code")->Unit(benchmark::kMicrosecond);

}  // namespace
