#include "directclr/settings/unused_settings.h"

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/optimizers.h"
#include "directclr/settings/projectors.h"

namespace directclr::settings {
namespace {

template <class Kind>
void add_unused(const Table<Kind>& kinds, const std::string& what, const std::string& chosen,
                const std::set<std::string>& given, std::vector<std::string>& lines) {
  const auto uses = [](const Kind& kind, const std::string& name) {
    return std::find(kind.uses.begin(), kind.uses.end(), name) != kind.uses.end();
  };
  const Kind& own = kinds.at(chosen);
  for (const auto& name : given) {
    if (uses(own, name)) continue;
    std::vector<std::string> others;
    for (const auto& kind : kinds) {
      if (uses(kind, name)) others.push_back(kind.name);
    }
    if (others.empty()) continue;  // no setting of theirs
    Field field;
    field.name = name;
    lines.push_back(field.option() + " changes nothing: " + what + " " + chosen + " does not use it (" + join(others) +
                    (others.size() == 1 ? " does)" : " do)"));
  }
}

}  // namespace

std::vector<std::string> unused_settings(const TrainSettings& settings, const std::set<std::string>& given) {
  TrainSettings present = settings, untouched;
  FieldList fields = fields_of(present), defaults = fields_of(untouched);
  std::set<std::string> changed;
  for (const auto& name : given) {
    if (fields.find(name)->text() != defaults.find(name)->text()) changed.insert(name);
  }
  std::vector<std::string> lines;
  add_unused(losses(), "--loss", settings.loss.loss, changed, lines);
  add_unused(projectors(), "--projector", settings.projector.projector, changed, lines);
  add_unused(optimizers(), "--optimizer", settings.optimizer.optimizer, changed, lines);
  return lines;
}

}  // namespace directclr::settings
