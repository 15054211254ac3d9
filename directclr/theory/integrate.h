#pragma once

#include <functional>

#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// dy/dt = f(y): writes the rate into its second argument.
using Flow = std::function<void(const Vector& state, Vector& rate)>;

/// Explicit Runge-Kutta methods with a fixed step; the number is the order of the error.
enum class FixedStep { kEuler = 1, kRungeKutta4 = 4, kDormandPrince5 = 5 };

/// y(t) from y(0) = state in `steps` equal steps. Gradient descent with learning rate t / steps is kEuler.
Vector integrate_fixed(const Flow& flow, Vector state, double t, int steps, FixedStep method);

/// What integrate() holds the error of each step under: absolute + relative |y|, in every component.
struct Tolerance {
  double relative = 1e-10;
  double absolute = 1e-12;
};

/// y(t) from y(0) = state by the embedded pair of Dormand and Prince, order 5(4), with step size control (Hairer,
/// Norsett and Wanner, "Solving Ordinary Differential Equations I", II.4 and II.5).
/// Throws NumericalError, naming the time reached, when the state is not finite or the step falls below 1e-14 t: a flow
/// that blows up in finite time.
Vector integrate(const Flow& flow, Vector state, double t, const Tolerance& tolerance = {});

}  // namespace directclr::theory
