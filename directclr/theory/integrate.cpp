#include "directclr/theory/integrate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::theory {
namespace {

// A method as its Butcher tableau, rows of a lower triangle one after the other; `lower` are the weights of an embedded
// method of lower order, if there is one.
struct Tableau {
  std::vector<double> a;
  std::vector<double> weights;
  std::vector<double> lower;
};

const Tableau& tableau(FixedStep method) {
  static const Tableau euler{{}, {1}, {}};
  static const Tableau classic{{1.0 / 2, 0, 1.0 / 2, 0, 0, 1}, {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}, {}};
  static const Tableau dormand_prince{
      {1.0 / 5,                    //
       3.0 / 40,        9.0 / 40,  //
       44.0 / 45,       -56.0 / 15,
       32.0 / 9,  //
       19372.0 / 6561,  -25360.0 / 2187,
       64448.0 / 6561,  -212.0 / 729,  //
       9017.0 / 3168,   -355.0 / 33,
       46732.0 / 5247,  49.0 / 176,
       -5103.0 / 18656,  //
       35.0 / 384,      0,
       500.0 / 1113,    125.0 / 192,
       -2187.0 / 6784,  11.0 / 84},
      {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0},
      {5179.0 / 57600, 0, 7571.0 / 16695, 393.0 / 640, -92097.0 / 339200, 187.0 / 2100, 1.0 / 40}};
  switch (method) {
    case FixedStep::kEuler: return euler;
    case FixedStep::kRungeKutta4: return classic;
    case FixedStep::kDormandPrince5: return dormand_prince;
  }
  throw InputError("method", "unknown");
}

// The rates at all stages of one step of size h; rates[0] is given when `first_known`.
void stages(const Flow& flow, const Tableau& method, const Vector& state, double h, bool first_known,
            std::vector<Vector>& rates) {
  rates.resize(method.weights.size());
  if (!first_known) flow(state, rates[0]);
  size_t at = 0;
  for (size_t s = 1; s < rates.size(); ++s) {
    Vector point = state;
    for (size_t k = 0; k < s; ++k, ++at) {
      if (method.a[at] != 0) point += h * method.a[at] * rates[k];
    }
    flow(point, rates[s]);
  }
}

Vector combine(const std::vector<double>& weights, const std::vector<Vector>& rates, double h) {
  Vector step = Vector::Zero(rates[0].size());
  for (size_t s = 0; s < rates.size(); ++s) step += h * weights[s] * rates[s];
  return step;
}

}  // namespace

Vector integrate_fixed(const Flow& flow, Vector state, double t, int steps, FixedStep method) {
  if (steps < 1) throw InputError("steps", format("must be at least 1, not %d", steps));
  std::vector<Vector> rates;
  for (int step = 0; step < steps; ++step) {
    stages(flow, tableau(method), state, t / steps, false, rates);
    state += combine(tableau(method).weights, rates, t / steps);
  }
  return state;
}

Vector integrate(const Flow& flow, Vector state, double t, const Tolerance& tolerance) {
  const Tableau& method = tableau(FixedStep::kDormandPrince5);
  std::vector<Vector> rates(method.weights.size());
  flow(state, rates[0]);
  const auto error_norm = [&](const Vector& error, const Vector& size) {
    return std::sqrt((error.array() / (tolerance.absolute + tolerance.relative * size.array())).square().mean());
  };
  // The first step: a hundredth of the time in which the state would change by its own size.
  const double speed = error_norm(rates[0], state.cwiseAbs());
  double h = std::min(t, speed > 0 ? 0.01 * error_norm(state, state.cwiseAbs()) / speed : t);
  if (!(h > 0)) h = 1e-6 * t;
  for (double now = 0; now < t;) {
    const bool last = now + h >= t;
    if (last) h = t - now;
    stages(flow, method, state, h, true, rates);
    const Vector next = state + combine(method.weights, rates, h);
    const Vector difference = next - state - combine(method.lower, rates, h);
    const double error = error_norm(difference, state.cwiseAbs().cwiseMax(next.cwiseAbs()));
    if (!std::isfinite(error) || h < 1e-14 * t) {
      if (h < 1e-14 * t) throw NumericalError(format("the flow is not finite at time %.6g of %.6g", now, t));
      h /= 10;
      continue;
    }
    if (error <= 1) {
      now = last ? t : now + h;
      state = next;
      // Its last stage is the next step's first.
      rates[0] = rates.back();
    }
    h *= std::clamp(0.9 * std::pow(std::max(error, 1e-10), -0.2), 0.2, 5.0);
  }
  return state;
}

}  // namespace directclr::theory
