#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/json.h"
#include "directclr/report/finding.h"

namespace directclr::report {

// Accuracies of a run as its files hold them (docs/formats.md). `protocol` is what every result of a run says about how
// it was obtained; what other members say is not in it.

/// A linear probe: probe.json, or a file of its own for the untrained encoder and for some columns.
struct ProbeAccuracy {
  /// How it was trained where not by L-BFGS.
  struct Sgd {
    int64_t epochs = 0;
    int64_t batch_size = 0;
    double lr = 0;
    double momentum = 0;
    double weight_decay = 0;
  };
  double top1 = 0;  ///< share of the test images, as all accuracies
  double top5 = 0;
  double best_epoch_top1 = 0;
  std::vector<double> epoch_top1;
  std::optional<double> l2;             ///< of L-BFGS: the strength chosen,
  std::optional<double> held_out_top1;  ///< its accuracy on held-out images,
  std::optional<double> held_out;       ///< and their share
  std::optional<Sgd> sgd;
  std::string method;
  std::string columns;  ///< "0:90", as asked for; empty: all
  int64_t first = 0;    ///< columns [first, end) of the representation
  int64_t end = 0;
  int64_t images = 0;  ///< training images
  Json protocol = Json::object();

  /// Of the untrained encoder.
  bool random_init() const { return protocol.value("random_init", false); }
  /// "probe.json", "probe-random-init.json", "probe-dims-0-90.json".
  std::string file_name() const;
  /// "linear probe, SGD on random crops and flips, 100 epochs, columns 0 to 90".
  std::string description() const;
};
Json json_of(const ProbeAccuracy& accuracy);
/// The result that json_of made an object of. Throws JsonError.
ProbeAccuracy read_probe(const Json& object);

/// A k-NN classifier: knn.json.
struct KnnAccuracy {
  double top1 = 0;
  int64_t k = 0;
  double temperature = 0;
  int64_t images = 0;
  Json protocol = Json::object();

  /// "k-NN, cosine, k 20, temperature 0.07".
  std::string description() const;
};
Json json_of(const KnnAccuracy& accuracy);
KnnAccuracy read_knn(const Json& object);

/// evaluation.json, written last: with which settings the files of a run's evaluation were made.
struct EvaluationRecord {
  std::string data;
  std::vector<std::pair<std::string, std::string>> settings;  ///< name and text
  double seconds = 0;
  std::string run_id;  ///< core/run_id.h; empty: of a run that has none
};
Json json_of(const EvaluationRecord& record);
EvaluationRecord read_evaluation(const Json& object);

// Each writes its file into the folder of the run and says what it holds. Throws InputError when it cannot be written.
Finding write_probe(const std::filesystem::path& run, const ProbeAccuracy& accuracy);
Finding write_knn(const std::filesystem::path& run, const KnnAccuracy& accuracy);

}  // namespace directclr::report
