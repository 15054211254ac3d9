#include "directclr/causes/explanation.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/error_of.h"

namespace directclr::causes {
namespace {

// Nobody may look at its images.
class Untouched : public data::Source {
 public:
  explicit Untouched(size_t count) { labels_.assign(count, -1); }
  void load(uint64_t, image::Image&) const override { ADD_FAILURE() << "an image is read"; }
  std::string describe(uint64_t index) const override { return std::to_string(index); }
};

TEST(Explain, RefusesBeforeItLooksAtAnImage) {
  Subject subject;
  subject.encode = [](const data::Batch&, const Context&) -> array::Array {
    ADD_FAILURE() << "features are computed";
    return {};
  };
  ViewOptions options;
  options.batch = 16;
  const auto error = [&](size_t images) {
    return test::error_of([&] { explain(subject, Untouched(images), {}, options, {}); });
  };
  for (const std::string loss : {"vicreg", "barlow-twins"}) {
    subject.loss.loss = loss;
    EXPECT_NE(error(64).find("--loss " + loss + ": has no weights of pairs of images"), std::string::npos) << error(64);
  }
  subject.loss.loss = "infonce";
  EXPECT_NE(error(31).find("31 images do not fill two batches of 16"), std::string::npos) << error(31);
}

}  // namespace
}  // namespace directclr::causes
