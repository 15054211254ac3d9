// One epoch of the loader over very many images: what listing them takes, and whether each is delivered once, with its
// label, at its place in the epoch's order.
//
//   directclr_loader_pass SOURCE WORKERS     SOURCE: as for directclr train --data

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "directclr/core/text.h"
#include "directclr/data/loader.h"
#include "directclr/data/sampler.h"
#include "directclr/data/source.h"

namespace {

using namespace directclr;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The most memory that this process had so far.
double mebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

void pass(const std::string& where, int64_t workers) {
  auto begin = Clock::now();
  const auto source = data::open_source(where, data::Split::kTrain);
  const uint64_t count = source->size();
  std::printf("%llu images listed in %.1f s, %.0f MiB\n", static_cast<unsigned long long>(count), seconds_since(begin),
              mebibytes());
  for (uint64_t i = 1; i < count; ++i) {
    check(source->describe(i - 1) < source->describe(i), "not in the order of their names: " + source->describe(i));
  }

  data::LoaderOptions options;
  options.augment.image_size = 8;
  options.seed = 1;
  options.keep_last = true;
  options.workers = workers;
  const auto order = data::epoch_order(options.seed, 0, static_cast<uint32_t>(count));
  std::vector<bool> seen(count);
  uint64_t next = 0;
  begin = Clock::now();
  data::Loader loader(*source, options);
  for (data::Batch batch; loader.next(batch);) {
    for (int64_t i = 0; i < batch.count; ++i, ++next) {
      const uint32_t index = batch.indices[i];
      check(index == order.at(next), format("place %llu is another image's", static_cast<unsigned long long>(next)));
      check(!seen[index], source->describe(index) + " comes twice");
      check(batch.labels[i] == source->label(index), source->describe(index) + " has another's label");
      seen[index] = true;
    }
  }
  check(next == count, format("%llu images came", static_cast<unsigned long long>(next)));
  std::printf("one epoch in %.1f s on %lld workers: every image once, in the epoch's order; %.0f MiB\n",
              seconds_since(begin), static_cast<long long>(workers), mebibytes());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    check(argc == 3, "usage: directclr_loader_pass SOURCE WORKERS");
    pass(argv[1], std::stoll(argv[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "directclr_loader_pass: %s\n", error.what());
    return 1;
  }
}
