#include "module.h"

#include "directclr/core/error.h"
#include "directclr/core/version.h"

namespace nb = nanobind;

NB_MODULE(_core, m) {
  using namespace directclr;
  m.doc() = "The native part of directclr; use the package `directclr`.";
  m.attr("__version__") = kVersion;
  // Looked at from the last to the first.
  nb::exception<Error>(m, "Error", PyExc_RuntimeError);
  nb::exception<InputError>(m, "InputError", PyExc_ValueError);
  nb::exception<NumericalError>(m, "NumericalError", PyExc_ArithmeticError);
  python::add_spectra(m);
  python::add_views(m);
  python::add_loader(m);
  python::add_runs(m);
}
