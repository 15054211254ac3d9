#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/error.h"
#include "directclr/core/progress.h"
#include "directclr/core/settings.h"

namespace directclr::python {

namespace nb = nanobind;

/// An array of NumPy, a tensor of the processor or what else speaks DLPack.
using AnyArray = nb::ndarray<nb::ro, nb::device::cpu>;

/// The same memory; it lives as long as the result. Throws InputError for a type that the library has no name for.
array::Array to_array(const AnyArray& x);

/// NumPy's name of a type; for bfloat16 uint16, since NumPy has no such type.
nb::dlpack::dtype numpy_type(array::DType type);

/// A new NumPy array with the elements; of bfloat16 the bits as uint16, since NumPy has no such type.
nb::object to_numpy(const array::Array& x);
nb::object to_numpy(const std::vector<double>& values);

/// Sets the fields that `given` names, each from its text. Throws InputError for an unknown name (with the nearest) or
/// value.
void apply(const nb::dict& given, FieldList& fields);

/// An error's text where the library names settings by the program's options, "--batch-size: ..", with Python's names:
/// "batch_size: ..", and within the text "batch_size=".
std::string with_python_names(std::string_view text);

/// "name=default: help", a line a field, for docstrings.
std::string help_of(const FieldList& fields);

/// Long work without the interpreter's lock that stops at Ctrl-C: looks for signals whenever it tells its progress.
class Interruptible {
 public:
  Interruptible();
  const Context& context() const { return context_; }
  /// Throws what Python raised for the signal.
  void check() const;

 private:
  std::atomic<int> stop_{0};
  Context context_;
};

/// What `work(context)` gives, without the interpreter's lock. Throws KeyboardInterrupt when it was stopped.
template <class Work>
auto interruptible(const Work& work) {
  const Interruptible signals;
  std::optional<decltype(work(signals.context()))> result;
  {
    const nb::gil_scoped_release release;
    try {
      result = work(signals.context());
    } catch (const Interrupted&) {
    }
  }
  signals.check();
  return std::move(result).value();
}

}  // namespace directclr::python
