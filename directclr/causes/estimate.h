#pragma once

#include <cstdint>
#include <vector>

namespace directclr::causes {

/// Means over batches, and which of them chance does not explain.
struct Estimate {
  std::vector<double> mean;
  std::vector<double> error;  ///< standard errors; infinite with one batch
  std::vector<bool> below;    ///< below 0 beyond chance (report::below_zero)
  std::vector<bool> above;
};

/// `samples`: of each batch (at least one) as many numbers.
Estimate estimate(const std::vector<std::vector<double>>& samples);

}  // namespace directclr::causes
