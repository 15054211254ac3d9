#include "directclr/data/augment_variants.h"

#include "directclr/core/text.h"
#include "directclr/data/augment_operations.h"

namespace directclr::data {
namespace {

AugmentSettings scaled(AugmentSettings settings, double strength) {
  for (const auto& operation : augment_operations()) {
    if (operation.scale) operation.scale(settings, strength);
  }
  return settings;
}

}  // namespace

std::string AugmentVariant::name() const {
  if (kind == Kind::kAlone) return operation + " alone";
  if (kind == Kind::kWithout) return "without " + operation;
  return format("all, strength %g", strength);
}

std::vector<std::string> active_operations(const AugmentSettings& settings) {
  std::vector<std::string> names;
  for (const auto& operation : augment_operations()) {
    if (operation.active(settings)) names.emplace_back(operation.name);
  }
  return names;
}

std::vector<AugmentVariant> augment_variants(const AugmentSettings& settings) {
  std::vector<AugmentVariant> alone, without;
  for (const auto& kept : augment_operations()) {
    if (!kept.active(settings)) continue;
    AugmentSettings only = settings, rest = settings;
    for (const auto& other : augment_operations()) {
      if (&other != &kept) other.remove(only);
    }
    kept.remove(rest);
    alone.push_back({AugmentVariant::Kind::kAlone, kept.name, 1, only});
    without.push_back({AugmentVariant::Kind::kWithout, kept.name, 1, rest});
  }
  std::vector<AugmentVariant> all;
  if (alone.size() > 1) {
    all = alone;
    all.insert(all.end(), without.begin(), without.end());
  }
  for (const double strength : {0.5, 1.5}) {
    if (!alone.empty()) {
      all.push_back({AugmentVariant::Kind::kScaled, "all", strength, scaled(settings, strength)});
    }
  }
  return all;
}

}  // namespace directclr::data
