#include "directclr/report/result_file.h"

#include <cmath>

#include "directclr/core/files.h"

namespace directclr::report {

Json read_result_file(const std::filesystem::path& file, int64_t version) {
  try {
    Json object = Json::parse(read_file(file));
    if (object.value("version", int64_t{1}) > version) {
      throw InputError(file.string(), "was written by a later version of directclr");
    }
    return object;
  } catch (const JsonError& error) {
    throw InputError(file.string(), std::string("damaged result file: ") + error.what());
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
