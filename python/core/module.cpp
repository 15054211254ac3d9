#include "module.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "convert.h"
#include "directclr/core/error.h"
#include "directclr/core/version.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/projectors.h"

namespace nb = nanobind;

namespace {

// Python's names of the library's errors.
struct Kinds {
  PyObject *error, *input, *numerical;
};

void translate(const std::exception_ptr& thrown, void* kinds) {
  const auto& of = *static_cast<const Kinds*>(kinds);
  const auto raise = [](PyObject* kind, const std::exception& error) {
    PyErr_SetString(kind, directclr::python::with_python_names(error.what()).c_str());
  };
  try {
    std::rethrow_exception(thrown);
  } catch (const directclr::InputError& error) {
    raise(of.input, error);
  } catch (const directclr::NumericalError& error) {
    raise(of.numerical, error);
  } catch (const directclr::Error& error) {
    raise(of.error, error);
  }
}

}  // namespace

NB_MODULE(_core, m) {
  using namespace directclr;
  nb::set_leak_warnings(false);  // a watch that a module holds lives until the interpreter ends
  m.doc() = "The native part of directclr; use the package `directclr`.";
  m.attr("version") = kVersion;
  static const Kinds kinds = {nb::exception<Error>(m, "Error", PyExc_RuntimeError).ptr(),
                              nb::exception<InputError>(m, "InputError", PyExc_ValueError).ptr(),
                              nb::exception<NumericalError>(m, "NumericalError", PyExc_ArithmeticError).ptr()};
  nb::register_exception_translator(translate, const_cast<Kinds*>(&kinds));  // looked at before theirs
  m.def("losses", [] { return settings::losses().names(); });
  m.def("projectors", [] { return settings::projectors().names(); });
  python::add_spectra(m);
  python::add_views(m);
  python::add_loader(m);
  python::add_runs(m);
  python::add_causes(m);
  python::add_losses(m);
}
