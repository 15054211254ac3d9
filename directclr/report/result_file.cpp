#include "directclr/report/result_file.h"

#include <cmath>

namespace directclr::report {

void check_version(const std::filesystem::path& file, const Json& object, int64_t version) {
  if (!object.is_object()) throw JsonError("it holds no object");
  if (object.value("version", int64_t{1}) > version) {
    throw InputError(file.string(), "was written by a later version of directclr");
  }
}

double number_or(const Json& object, std::string_view key, double otherwise) {
  const Json* found = object.find(key);
  return found && !found->is_null() ? found->get<double>() : otherwise;
}

std::vector<double> numbers_of(const Json& list) {
  std::vector<double> values;
  for (const auto& value : list) values.push_back(value.is_null() ? std::nan("") : value.get<double>());
  return values;
}

}  // namespace directclr::report
