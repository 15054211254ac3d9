#include "directclr/data/subset.h"

#include <utility>

#include "directclr/core/checksum.h"

namespace directclr::data {

std::vector<uint64_t> spread_places(uint64_t count, uint64_t size) {
  std::vector<uint64_t> places;
  places.reserve(count);
  for (uint64_t i = 0; i < count; ++i) places.push_back(i * size / count);
  return places;
}

Subset::Subset(const Source& source, std::vector<uint64_t> chosen) : source_(source), chosen_(std::move(chosen)) {
  class_names_ = source.class_names();
  fingerprint_ = source.fingerprint();
  reading_ = source.reading();
  for (const uint64_t place : chosen_) {
    labels_.push_back(source.label(place));
    fingerprint_ = fnv1a({reinterpret_cast<const char*>(&place), sizeof(place)}, fingerprint_);
  }
}

std::unique_ptr<Source> at_most(uint64_t limit, const Source& source) {
  if (limit == 0 || limit >= source.size()) return nullptr;
  return std::make_unique<Subset>(source, spread_places(limit, source.size()));
}

}  // namespace directclr::data
