#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/settings.h"
#include "directclr/data/read_settings.h"

namespace directclr::settings {

/// How a finished run, or an encoder's weights, are opened to be looked at. Of a run's own data what `reading` leaves
/// open is as it was trained.
struct OpenSettings {
  std::string data;
  data::ReadSettings reading;
  std::string device = "auto";
  int64_t threads = 0;
  int64_t workers = 0;
  bool skip_bad = false;

  void describe(FieldList& f) {
    f.section("run");
    f.add("data", data,
          "data to use instead of those the run was trained on; for weights it must be given (see directclr train "
          "--help)");
    reading.describe(f);
    f.add("device", device, "auto, cpu, cuda or cuda:N");
    f.add("threads", threads, 0, 1024, "threads of the tensor library; 0: one per core");
    f.add("workers", workers, 0, 1024, "threads that decode images; 0: one per core");
    f.add("skip_bad", skip_bad, "replace images that cannot be decoded by the next good one");
  }
};

}  // namespace directclr::settings
