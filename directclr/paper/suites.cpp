#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/paper/suite.h"

namespace directclr::paper {

void SuiteResult::draw(const SuiteResults& results, report::Figure figure, const std::filesystem::path& folder,
                       const std::string& caption) {
  figure.notes = {title, "protocol: " + results.protocol()};
  for (const auto& finding : findings) figure.notes.push_back("here: " + finding);
  drawings.push_back({name, report::write_figure(figure, folder, name), caption});
}

std::vector<const Suite*> all_suites() {
  return {&figure2(), &figure7(), &table1(), &figure9(), &table2(), &appendix_f(), &figure12()};
}

std::vector<const Suite*> suites_named(const std::string& name) {
  if (name == "all") return all_suites();
  std::vector<std::string> names = {"all"};
  for (const Suite* suite : all_suites()) {
    if (suite->name == name) return {suite};
    names.push_back(suite->name);
  }
  const std::string near = nearest(name, names);
  throw InputError("reproduce", "'" + name + "' is no table or figure",
                   (near.empty() ? "" : "did you mean '" + near + "'? ") + "allowed: " + join(names, " | "));
}

}  // namespace directclr::paper
