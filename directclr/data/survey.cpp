#include "directclr/data/survey.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/image/facts.h"

namespace directclr::data {
namespace {

// What one file turned out to be; without facts it cannot be read.
struct Look {
  std::optional<image::Facts> facts;
  bool empty = false;
  std::string error;
};

Look look_at(const Source& source, uint64_t index, bool decode) {
  Look look;
  try {
    const std::string bytes = source.file(index);
    look.empty = bytes.empty();
    look.facts = image::read_facts(bytes, source.describe(index));
    if (decode) image::decode(bytes, source.describe(index));
  } catch (const InputError& error) {
    look.error = error.what();
  }
  return look;
}

void count(const Look& look, const std::string& name, Survey& result) {
  if (!look.error.empty()) result.unreadable.push_back(look.error);
  if (look.empty) return result.odd.add("empty files", name);
  if (!look.error.empty()) return result.odd.add("files that cannot be read", look.error);
  const image::Facts& facts = *look.facts;
  ++result.formats[facts.format->name];
  if (facts.orientation != 1) result.odd.add("images that EXIF says to turn (--upright)", name);
  if (facts.cmyk) result.odd.add("images in CMYK", name);
  if (facts.bits > 8) result.odd.add(format("images of %d bits a sample, of which 8 are kept", facts.bits), name);
  if (facts.animated) result.odd.add("animations, of which the first frame is taken", name);
  if (facts.paged) result.odd.add("TIFFs of several pages, of which the first is taken", name);
  const image::Format* named = image::format_of_name(name);
  if (named && named != facts.format) result.odd.add(facts.format->name + " files with another suffix", name);
}

}  // namespace

Survey survey(const Source& source, uint64_t most, bool decode, const Context& context) {
  Survey result;
  if (!source.has_files()) return result;
  result.decoded = decode;
  const std::vector<uint64_t> places = spread_places(std::min(most, source.size()), source.size());
  constexpr size_t kBlock = 256;
  for (size_t begin = 0; begin < places.size(); begin += kBlock) {
    if (context.stop_requested()) throw Interrupted("stopped");
    const size_t block = std::min(kBlock, places.size() - begin);
    std::vector<Look> looks(block);
    parallel_for(block, 1, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) looks[i] = look_at(source, places[begin + i], decode);
    });
    for (size_t i = 0; i < block; ++i) count(looks[i], source.describe(places[begin + i]), result);
    result.looked_at += block;
    context.progress({"look", result.looked_at, places.size(), "images", result.looked_at, ""});
  }
  return result;
}

}  // namespace directclr::data
