#include "directclr/theory/check.h"

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/theory/check_registry.h"
#include "directclr/theory/random.h"

namespace directclr::theory {
namespace {

struct Entry {
  const char* name;
  Check (*run)(const CheckSettings&);
};

constexpr Entry kChecks[] = {
    {"eqn4", check_eqn4},
    {"lemma1", check_lemma1},
    {"lemma2", check_lemma2},
    {"threshold", check_threshold},
    {"theorem1", check_theorem1},
    {"corollary1", check_corollary1},
    {"lemma3", check_lemma3},
    {"lemma4", check_lemma4},
    {"lemma5", check_lemma5},
    {"lemma6", check_lemma6},
    {"lemma7", check_lemma7},
    {"conservation", check_conservation},
    {"theorem2", check_theorem2},
    {"theorem3", check_theorem3},
    {"corollary2", check_corollary2},
    {"proposition1", check_proposition1},
    {"proposition2", check_proposition2},
    {"subvector", check_subvector},
};

}  // namespace

bool Check::holds() const {
  return std::all_of(measures.begin(), measures.end(), [](const Measure& m) { return m.holds(); }) &&
         std::all_of(counterexamples.begin(), counterexamples.end(), [](const Counterexample& c) { return c.shown(); });
}

void CheckSettings::describe(FieldList& fields) {
  fields.section("check");
  fields.add("seed", seed, 0, 1e18, "random seed");
  fields.add("trials", trials, 1, 1000, "random cases a statement is tried on");
}

std::vector<std::string> check_names() {
  std::vector<std::string> names;
  for (const auto& entry : kChecks) names.emplace_back(entry.name);
  return names;
}

std::vector<Check> run_checks(const CheckSettings& settings, const std::vector<std::string>& names,
                              const Context& context) {
  std::vector<const Entry*> chosen;
  for (const auto& name : names) {
    const auto* found =
        std::find_if(std::begin(kChecks), std::end(kChecks), [&](const Entry& e) { return e.name == name; });
    if (found == std::end(kChecks)) {
      const std::string near = nearest(name, check_names());
      throw InputError("check", "there is no '" + name + "'",
                       near.empty() ? "there are " + join(check_names()) : "did you mean " + near + "?");
    }
    chosen.push_back(found);
  }
  if (chosen.empty()) {
    for (const auto& entry : kChecks) chosen.push_back(&entry);
  }
  std::vector<Check> checks(chosen.size());
  run_in_parallel("check", "statements", chosen.size(), 0, context, [&](size_t i) {
    checks[i] = chosen[i]->run(settings);
    checks[i].name = chosen[i]->name;
  });
  return checks;
}

Views normal_views(RandomStream& random, Index dimension, Index samples, Index noised, double k) {
  Views views;
  views.x = normal(random, dimension, samples);
  views.x_prime = views.x;
  views.x_prime.bottomRows(noised) += std::sqrt(k) * normal(random, noised, samples);
  return views;
}

}  // namespace directclr::theory
