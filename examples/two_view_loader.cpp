// The two-view loader alone, to feed a training loop of any framework: two_view_loader DATA [WORKERS]
// DATA as the program takes it: fashion-mnist:DIR, cifar10:DIR, folder:DIR, shards:DIR
#include <cstdio>
#include <cstdlib>

#include "directclr/core/error.h"
#include "directclr/data/loader.h"

namespace data = directclr::data;

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: two_view_loader DATA [WORKERS]\n");
    return 2;
  }
  try {
    const auto source = data::open_source(words[1], data::Split::kTrain);
    data::LoaderOptions options;
    options.augment.complete(data::SourceSpec::parse(words[1]), /*given=*/{});  // the preset that fits the data
    options.batch_size = 128;
    options.workers = count > 2 ? std::atoi(words[2]) : 2;
    data::Loader loader(*source, options);

    const auto side = static_cast<size_t>(options.augment.image_size);
    data::Batch batch;
    while (loader.next(batch)) {  // the batch's memory is the loader's, until the next call
      const auto* a = static_cast<const float*>(batch.images);                 // (N, side, side, 3), normalised
      const auto* b = a + static_cast<size_t>(batch.count) * side * side * 3;  // the other view of the same images
      std::printf("batch %llu: %lld images, first label %lld, view a begins %.3f, view b %.3f\n",
                  static_cast<unsigned long long>(batch.number), static_cast<long long>(batch.count),
                  static_cast<long long>(batch.labels[0]), a[0], b[0]);
    }
  } catch (const directclr::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
