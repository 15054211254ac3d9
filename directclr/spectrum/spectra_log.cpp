#include "directclr/spectrum/spectra_log.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/json.h"
#include "directclr/core/text.h"

namespace directclr::spectrum {
namespace {

constexpr int64_t kSpectraVersion = 1;

std::string list_of_logs(const std::vector<double>& logs) {
  std::vector<std::string> numbers;
  for (const double value : logs) numbers.push_back(std::isfinite(value) ? format("%.4f", value) : "null");
  return "[" + join(numbers, ", ") + "]";
}

std::vector<double> logs_in(const Json& line, const char* layer, int64_t dimensions) {
  std::vector<double> logs;
  for (const auto& value : line.at(layer)) logs.push_back(value.is_null() ? -INFINITY : value.get<double>());
  if (logs.size() != logged_ranks(dimensions).size()) {
    throw JsonError(format("%zu eigenvalues of %s, not %zu", logs.size(), layer, logged_ranks(dimensions).size()));
  }
  return logs;
}

}  // namespace

std::vector<int64_t> logged_ranks(int64_t dimensions) {
  const int64_t count = std::min(dimensions, kLoggedEigenvalues);
  std::vector<int64_t> ranks;
  for (int64_t i = 0; i < count; ++i) ranks.push_back(count == dimensions ? i : i * (dimensions - 1) / (count - 1));
  return ranks;
}

std::vector<double> logged_spectrum(const std::vector<double>& values) {
  std::vector<double> logs;
  for (const int64_t rank : logged_ranks(static_cast<int64_t>(values.size()))) {
    logs.push_back(std::log10(values[static_cast<size_t>(rank)]));
  }
  return logs;
}

LogHistogram log_histogram(const std::vector<double>& values, int64_t buckets) {
  LogHistogram histogram;
  std::vector<double> logs;
  for (const double value : values) {
    if (value > 0) logs.push_back(std::log10(value));
  }
  if (logs.empty()) return histogram;
  const auto [least, largest] = std::minmax_element(logs.begin(), logs.end());
  histogram.least = *least;
  histogram.largest = *largest;
  if (*least == *largest) buckets = 1;
  const double width = (*largest - *least) / static_cast<double>(buckets);
  for (int64_t i = 1; i < buckets; ++i) histogram.limit.push_back(*least + width * static_cast<double>(i));
  histogram.limit.push_back(*largest);
  histogram.count.assign(histogram.limit.size(), 0);
  for (const double value : logs) {
    const auto bucket = std::lower_bound(histogram.limit.begin(), histogram.limit.end(), value);
    ++histogram.count[static_cast<size_t>(bucket - histogram.limit.begin())];
    histogram.sum += value;
    histogram.sum_of_squares += value * value;
  }
  return histogram;
}

std::string spectra_head(const std::string& run_id, int64_t r_dimensions, int64_t z_dimensions) {
  std::string line = format("{\"version\": %lld, ", static_cast<long long>(kSpectraVersion));
  if (!run_id.empty()) line += "\"run_id\": " + in_quotes(run_id) + ", ";
  line += format("\"r_dimensions\": %lld", static_cast<long long>(r_dimensions));
  if (z_dimensions > 0) line += format(", \"z_dimensions\": %lld", static_cast<long long>(z_dimensions));
  return line + "}\n";
}

std::string spectra_line(int64_t step, const std::vector<double>& r, const std::vector<double>& z) {
  std::string line = format("{\"step\": %lld, \"r\": ", static_cast<long long>(step)) + list_of_logs(r);
  if (!z.empty()) line += ", \"z\": " + list_of_logs(z);
  return line + "}\n";
}

SpectraLog read_spectra_log(std::string_view text) {
  SpectraLog log;
  bool head = true;
  for (const auto& line : split(text.substr(0, text.rfind('\n') + 1), '\n')) {
    if (line.empty()) continue;
    const Json object = Json::parse(line);
    if (head) {
      const auto version = object.at("version").get<int64_t>();
      if (version > kSpectraVersion) {
        throw JsonError(format("is of version %lld; this program reads up to %lld", static_cast<long long>(version),
                               static_cast<long long>(kSpectraVersion)));
      }
      log.r_dimensions = object.at("r_dimensions").get<int64_t>();
      log.z_dimensions = object.value("z_dimensions", int64_t{0});
      head = false;
      continue;
    }
    log.steps.push_back(object.at("step").get<int64_t>());
    log.r.push_back(logs_in(object, "r", log.r_dimensions));
    if (log.z_dimensions > 0) log.z.push_back(logs_in(object, "z", log.z_dimensions));
  }
  return log;
}

}  // namespace directclr::spectrum
