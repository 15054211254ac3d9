#include "directclr/report/accuracy_result.h"

#include <cmath>

#include "directclr/core/files.h"
#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/report/result_file.h"

namespace directclr::report {
namespace {

std::optional<double> optional_number(const Json& object, const char* key) {
  const double value = number_or(object, key, NAN);
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

}  // namespace

std::string ProbeAccuracy::file_name() const {
  std::string name = "probe";
  // The baseline and sub-vectors have files of their own: they must not pass for the run's result.
  if (random_init()) name += "-random-init";
  if (!columns.empty()) {
    name += format("-dims-%lld-%lld", static_cast<long long>(first), static_cast<long long>(end));
  }
  return name + ".json";
}

std::string ProbeAccuracy::description() const {
  std::string text = "linear probe, " + method;
  if (sgd) text += ", " + counted(sgd->epochs, "epoch");
  if (!columns.empty()) {
    text += format(", columns %lld to %lld", static_cast<long long>(first), static_cast<long long>(end));
  }
  return text + (random_init() ? ", untrained encoder" : "");
}

Json json_of(const ProbeAccuracy& a) {
  Json protocol = a.protocol;
  protocol["layer"] = "representation";
  protocol["dims"] = Json::array({a.first, a.end});
  protocol["images"] = a.images;
  protocol["method"] = a.method;
  if (a.held_out) protocol["held_out"] = *a.held_out;
  if (a.sgd) {
    protocol["epochs"] = a.sgd->epochs;
    protocol["batch_size"] = a.sgd->batch_size;
    protocol["lr"] = a.sgd->lr;
    protocol["momentum"] = a.sgd->momentum;
    protocol["weight_decay"] = a.sgd->weight_decay;
  }
  Json object = {{"version", 1},
                 {"top1", a.top1},
                 {"top5", a.top5},
                 {"best_epoch_top1", a.best_epoch_top1},
                 {"epoch_top1", a.epoch_top1}};
  if (a.l2) object["l2"] = *a.l2;
  if (a.held_out_top1) object["held_out_top1"] = *a.held_out_top1;
  object["protocol"] = std::move(protocol);
  return object;
}

ProbeAccuracy read_probe(const Json& object) {
  ProbeAccuracy a;
  a.top1 = object.at("top1").get<double>();
  a.top5 = number_or(object, "top5", NAN);
  a.best_epoch_top1 = number_or(object, "best_epoch_top1", NAN);
  if (const Json* epochs = object.find("epoch_top1")) a.epoch_top1 = numbers_of(*epochs);
  a.l2 = optional_number(object, "l2");
  a.held_out_top1 = optional_number(object, "held_out_top1");
  a.protocol = object.at("protocol");
  const Json& p = a.protocol;
  a.method = p.at("method").get<std::string>();
  a.first = p.at("dims").at(0).get<int64_t>();
  a.end = p.at("dims").at(1).get<int64_t>();
  if (a.first != 0 || a.end != p.at("representation_width").get<int64_t>()) {
    a.columns = std::to_string(a.first) + ":" + std::to_string(a.end);
  }
  a.images = p.value("images", int64_t{0});
  a.held_out = optional_number(p, "held_out");
  if (p.contains("epochs")) {
    a.sgd = ProbeAccuracy::Sgd{p["epochs"].get<int64_t>(), p.value("batch_size", int64_t{0}), number_or(p, "lr", NAN),
                               number_or(p, "momentum", NAN), number_or(p, "weight_decay", NAN)};
  }
  for (const char* key :
       {"layer", "dims", "images", "method", "held_out", "epochs", "batch_size", "lr", "momentum", "weight_decay"}) {
    a.protocol.erase(key);
  }
  return a;
}

std::string KnnAccuracy::description() const {
  return format("k-NN, cosine, k %lld, temperature %g", static_cast<long long>(k), temperature);
}

Json json_of(const KnnAccuracy& a) {
  Json protocol = a.protocol;
  protocol["layer"] = "representation";
  protocol["k"] = a.k;
  protocol["temperature"] = a.temperature;
  protocol["similarity"] = "cosine";
  protocol["images"] = a.images;
  return {{"version", 1}, {"top1", a.top1}, {"protocol", std::move(protocol)}};
}

KnnAccuracy read_knn(const Json& object) {
  KnnAccuracy a;
  a.top1 = object.at("top1").get<double>();
  a.protocol = object.at("protocol");
  a.k = a.protocol.at("k").get<int64_t>();
  a.temperature = a.protocol.at("temperature").get<double>();
  a.images = a.protocol.value("images", int64_t{0});
  for (const char* key : {"layer", "k", "temperature", "similarity", "images"}) a.protocol.erase(key);
  return a;
}

Json json_of(const EvaluationRecord& record) {
  Json object = {{"version", 1}, {"data", record.data}, {"settings", Json::object()}};
  for (const auto& [name, text] : record.settings) object["settings"][name] = text;
  object["seconds"] = record.seconds;
  if (!record.run_id.empty()) object["run_id"] = record.run_id;
  return object;
}

EvaluationRecord read_evaluation(const Json& object) {
  EvaluationRecord record;
  record.data = object.at("data").get<std::string>();
  for (const auto& [name, text] : object.at("settings").items()) {
    record.settings.emplace_back(name, text.get<std::string>());
  }
  record.seconds = object.at("seconds").get<double>();
  record.run_id = object.value("run_id", "");
  return record;
}

Finding write_probe(const std::filesystem::path& run, const ProbeAccuracy& a) {
  Json object = json_of(a);
  write_file(run / a.file_name(), object.dump(2) + "\n");
  std::string what = a.protocol.at("projector").get<std::string>();
  if (a.random_init()) what += "; untrained encoder";
  if (!a.columns.empty()) what += "; columns " + a.columns;
  return {format("linear probe: top-1 %.2f %%, top-5 %.2f %% (%s; %s; %s)", 100 * a.top1, 100 * a.top5,
                 a.method.c_str(), what.c_str(), a.protocol.at("data").get<std::string>().c_str()),
          std::move(object)};
}

Finding write_knn(const std::filesystem::path& run, const KnnAccuracy& a) {
  Json object = json_of(a);
  write_file(run / "knn.json", object.dump(2) + "\n");
  return {format("k-NN: top-1 %.2f %% (k %lld, temperature %g, cosine; %s; %s)", 100 * a.top1,
                 static_cast<long long>(a.k), a.temperature, a.protocol.at("projector").get<std::string>().c_str(),
                 a.protocol.at("data").get<std::string>().c_str()),
          std::move(object)};
}

}  // namespace directclr::report
