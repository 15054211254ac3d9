#include "directclr/theory/laboratory.h"

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/theory/covariance_matrix.h"

namespace directclr::theory {

void LaboratorySettings::describe(FieldList& fields) {
  fields.section("model");
  fields.add("layers", layers, 1, 8, "linear layers, one after the other");
  fields.add("width", width, 1, 1024, "width of every layer and of the data");
  fields.add("relu", relu, "a ReLU between each layer and the next");
  fields.add("initial", initial.kind,
             "initial weights. gaussian: independent normal entries; spectrum: given singular values, and random "
             "singular vectors",
             {"gaussian", "spectrum"});
  fields.add(
      "initial_scale", initial.scale, 1e-9, 1e9,
      "gaussian: the standard deviation of the entries, times sqrt(width); spectrum: the largest singular value");
  fields.add("initial_decay", initial.decay, 0, 100, "spectrum: singular value i is scale * exp(-decay i)");
  fields.section("loss");
  fields.add(
      "preset", preset,
      "paper: Eqn 2 of the text; toy-code: inner product, temperature 0.1, negatives of the other branch, noise on "
      "both views",
      {"paper", "toy-code"});
  fields.add("similarity", similarity, "distance: minus half the squared distance; dot: the inner product",
             {"distance", "dot"});
  fields.add("negatives", negatives,
             "with what a first view is compared. same: the other samples' first views; other: their second views",
             {"same", "other"});
  fields.add("temperature", temperature, 1e-6, 1e6, "divides the similarity");
  fields.section("data");
  fields.add("points", points, 2, 1e8, "points of the data set");
  fields.add("batch_size", batch_size, 0, 65536, "points drawn afresh in each iteration, at least 2; 0: all of them");
  fields.add("data_covariance", data_covariance, "identity, power:A, diagonal:V1,V2,.. or a csv file");
  fields.add(
      "noise_covariance", noise_covariance,
      "block: variance k on the last `noised` dimensions, 0 elsewhere; other names as for data_covariance, times k");
  fields.add("k", k, 0, 1e9, "strength of the augmentation: a variance");
  fields.add("noised", noised, -1, 1024, "dimensions that the noise covers; -1: half of the width");
  fields.add("noise_sides", noise_sides, "noise on the second view only, or on both", {"one", "two"});
  fields.section("descent");
  fields.add("iterations", iterations, 1, 1e9, "steps of plain gradient descent");
  fields.add("learning_rate", learning_rate, 1e-12, 1e6, "learning rate; the loss is a mean over the batch");
  fields.section("run");
  fields.add("seed", seed, 0, 1e18, "first random seed");
  fields.add("seeds", seeds, 1, 1000, "runs with different seeds; the bands of the figures are over them");
  fields.add("threads", threads, 0, 1024, "threads; 0: one per core");
}

void LaboratorySettings::resolve(const std::set<std::string>& given) {
  if (preset == "toy-code") {
    if (!given.contains("similarity")) similarity = "dot";
    if (!given.contains("negatives")) negatives = "other";
    if (!given.contains("temperature")) temperature = 0.1;
    if (!given.contains("noise_sides")) noise_sides = "two";
    // A tenth of the temperature makes the loss a hundred times as steep; at 0.1 it diverges within ten iterations.
    if (!given.contains("learning_rate")) learning_rate = 0.003;
  }
  if (noised < 0) noised = width / 2;
  if (batch_size == 1) throw InputError("--batch-size", "a contrastive loss needs at least 2 samples");
  if (noised > width) {
    throw InputError("--noised", format("%lld dimensions where the data have %lld", static_cast<long long>(noised),
                                        static_cast<long long>(width)));
  }
  data(0);  // reads and checks the covariances
}

LossForm LaboratorySettings::loss() const {
  return {similarity == "dot" ? Similarity::kDot : Similarity::kDistance,
          negatives == "other" ? Negatives::kOtherBranch : Negatives::kSameBranch, temperature};
}

GaussianData LaboratorySettings::data(int64_t i) const {
  const Matrix noise = noise_covariance == "block"
                           ? block_noise(width, noised, k)
                           : Matrix(k * read_covariance(noise_covariance, width, "--noise-covariance"));
  return {read_covariance(data_covariance, width, "--data-covariance"), noise, noise_sides == "two", points,
          static_cast<uint64_t>(seed + i)};
}

Network LaboratorySettings::network(int64_t i) const {
  return make_network(std::vector<Index>(static_cast<size_t>(layers) + 1, width), relu, initial,
                      static_cast<uint64_t>(seed + i));
}

std::string LaboratorySettings::protocol(const std::map<std::string, std::string>& instead) const {
  const auto text = [&](const char* name, const std::string& own) {
    const auto found = instead.find(name);
    return found == instead.end() ? own : found->second;
  };
  return format(
      "%lld x %lld weights, %s similarity, temperature %s, negatives of the %s branch, noise on %s, %s data "
      "covariance, %lld points, batch %s, %lld iterations of gradient descent at learning rate %s, initial weights %s "
      "(scale %s), seeds %lld to %lld",
      static_cast<long long>(width), static_cast<long long>(width), similarity.c_str(),
      format_number(temperature).c_str(), negatives.c_str(), noise_sides == "two" ? "both views" : "one view",
      data_covariance.c_str(), static_cast<long long>(points), text("batch_size", std::to_string(batch_size)).c_str(),
      static_cast<long long>(iterations), text("learning_rate", format_number(learning_rate)).c_str(),
      initial.kind.c_str(), text("initial_scale", format_number(initial.scale)).c_str(), static_cast<long long>(seed),
      static_cast<long long>(seed + seeds - 1));
}

}  // namespace directclr::theory
