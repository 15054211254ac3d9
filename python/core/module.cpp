#include "module.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "directclr/core/error.h"
#include "directclr/core/version.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/projectors.h"

namespace nb = nanobind;

NB_MODULE(_core, m) {
  using namespace directclr;
  nb::set_leak_warnings(false);  // a watch that a module holds lives until the interpreter ends
  m.doc() = "The native part of directclr; use the package `directclr`.";
  m.attr("version") = kVersion;
  // Looked at from the last to the first.
  nb::exception<Error>(m, "Error", PyExc_RuntimeError);
  nb::exception<InputError>(m, "InputError", PyExc_ValueError);
  nb::exception<NumericalError>(m, "NumericalError", PyExc_ArithmeticError);
  m.def("losses", [] { return settings::losses().names(); });
  m.def("projectors", [] { return settings::projectors().names(); });
  python::add_spectra(m);
  python::add_views(m);
  python::add_loader(m);
  python::add_runs(m);
  python::add_causes(m);
  python::add_losses(m);
}
