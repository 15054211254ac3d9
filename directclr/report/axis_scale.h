#pragma once

#include <vector>

namespace directclr::report {

/// How an axis of values is divided.
struct AxisScale {
  enum class Kind {
    kLinear,
    kLog,
    kSignedLog,  ///< asinh(v / (2 within)): straight about 0, logarithmic beyond `within` on both sides
  };
  Kind kind = Kind::kLinear;
  double within = 1;  ///< of kSignedLog: a power of ten
};

/// Values that lie within two decades are shown on a linear axis, others on a logarithmic one: signed where some are
/// negative or 0. What is not finite does not count.
AxisScale scale_of(const std::vector<double>& values);

/// Where a signed axis from `low` to `high` has its ticks: 0 and powers of ten, `most` or fewer on each side of 0.
/// Ascending.
std::vector<double> signed_ticks(const AxisScale& scale, double low, double high, int most = 4);

}  // namespace directclr::report
