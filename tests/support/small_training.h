#pragma once

#include <gtest/gtest.h>

#include <string>

#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace directclr::test {

/// Settings, resolved, of steps on made-up images of 16 pixels square: a ResNet of a block a stage, `width` channels in
/// the first (in float32 eight at least: four are too few for oneDNN on AVX2).
inline settings::TrainSettings small_step(const std::string& projector, const std::string& loss, int64_t batch_size,
                                          int64_t width = 4) {
  settings::TrainSettings settings;
  settings.data = "fashion-mnist";
  settings.encoder.arch = "basic:1,1,1,1:" + std::to_string(width);
  settings.encoder.stem = "small";
  settings.augment.image_size = 16;
  settings.projector.projector = projector;
  settings.projector.projector_dim = 6;
  settings.projector.d0 = 8;
  settings.loss.loss = loss;
  settings.batch_size = batch_size;
  settings.resolve({"image_size"});
  return settings;
}

/// Trainings of such a network on 70 images, four steps an epoch, in one thread. Whoever derives from it sets what else
/// it wants and resolves the settings.
class SmallTraining : public ::testing::Test {
 protected:
  SmallTraining() {
    write_idx_set(folder_ / "data", 70, 20);
    settings_.data = "fashion-mnist:" + (folder_ / "data").string();
    settings_.encoder.arch = "basic:1,1,1,1:8";
    settings_.encoder.stem = "small";
    settings_.batch_size = 16;
    settings_.threads = 1;
    settings_.workers = 2;
    settings_.log_every = 2;
    settings_.projector.projector_dim = 8;
    settings_.precision = "float32";
  }

  settings::RunDirectory run(const std::string& name) const { return settings::RunDirectory(folder_ / name); }

  TemporaryFolder folder_;
  settings::TrainSettings settings_;
};

}  // namespace directclr::test
