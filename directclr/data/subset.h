#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "directclr/data/source.h"

namespace directclr::data {

/// `count` of `size` places, evenly spread, ascending: i * size / count. Requires count <= size.
std::vector<uint64_t> spread_places(uint64_t count, uint64_t size);

/// Some images of a source, which must outlive it. Image i is the source's image `chosen[i]`; classes stay the
/// source's.
class Subset final : public Source {
 public:
  Subset(const Source& source, std::vector<uint64_t> chosen);
  void load(uint64_t index, image::Image& image) const override { source_.load(chosen_[index], image); }
  void load_region(uint64_t index, const std::function<image::Box(image::Size)>& choose,
                   image::Region& region) const override {
    source_.load_region(chosen_[index], choose, region);
  }
  std::string file(uint64_t index) const override { return source_.file(chosen_[index]); }
  std::string describe(uint64_t index) const override { return source_.describe(chosen_[index]); }

 private:
  const Source& source_;
  std::vector<uint64_t> chosen_;
};

/// At most `limit` images of a source, which must outlive it, evenly spread. Null where it has no more, and for 0: all.
std::unique_ptr<Source> at_most(uint64_t limit, const Source& source);

}  // namespace directclr::data
