#include "directclr/data/reading.h"

#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/data/source.h"

namespace directclr::data {
namespace {

unsigned long long number(uint64_t n) { return n; }

}  // namespace

void Reading::add(const std::string& what, const std::string& which, uint64_t count) {
  constexpr size_t kMostKinds = 40;
  for (auto& remark : remarks_) {
    if (remark.what == what || (remarks_.size() > kMostKinds && &remark == &remarks_.back())) {
      remark.count += count;
      return;
    }
  }
  remarks_.push_back({remarks_.size() < kMostKinds ? printable(what) : "other things", count, printable(which)});
}

std::string Reading::text() const {
  std::vector<std::string> all;
  for (const auto& remark : remarks_) {
    all.push_back(remark.what + format(": %llu", number(remark.count)) +
                  (remark.first.empty() ? "" : " (" + remark.first + (remark.count > 1 ? ", ..)" : ")")));
  }
  return join(all);
}

Json Reading::json() const {
  Json all = Json::array();
  for (const auto& remark : remarks_) {
    all.push_back({{"what", remark.what}, {"count", remark.count}, {"first", remark.first}});
  }
  return all;
}

std::string reading_line(const std::string& data, const std::string& part, const Source& source) {
  std::string line =
      "read " + printable(data) + (part.empty() ? "" : ", " + part) + format(": %llu images", number(source.size()));
  line += source.class_names().empty() ? ", no labels" : format(" of %zu classes", source.class_names().size());
  const std::string left_out = source.reading().text();
  return line + (left_out.empty() ? "" : "; " + left_out);
}

Json reading_json(const Source& source) {
  return {{"images", source.size()},
          {"classes", source.class_names().size()},
          {"unlabelled", source.unlabelled()},
          {"left_out", source.reading().json()}};
}

}  // namespace directclr::data
